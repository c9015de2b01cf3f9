import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct AudioSpectrogramTests {
  private func transform(
    _ x: [Float], channels: Int, window: Int64, step: Int64, squared: Bool, threads: Int = 1
  ) throws -> TestTensor {
    try run(
      AudioSpectrogram(
        options: .flexBuffer([
          "window_size": .integer(window), "stride": .integer(step), "magnitude_squared": .bool(squared),
        ])),
      [TestTensor(x, [channels == 0 ? 0 : x.count / channels, channels])], outputs: [(.float32, .none)],
      threads: threads)[0]
  }

  @Test(arguments: [(2, 1), (3, 2), (4, 4), (5, 7), (8, 3), (11, 5), (16, 16), (33, 10), (100, 64)])
  func findsFrequencies(window: Int, step: Int) throws {
    var generator = SeededGenerator(seed: UInt64(window))
    let (samples, channels) = (130, 2)
    let x = generator.floats(samples * channels)
    var length = 1
    while length < window { length *= 2 }
    length = max(length, 2)
    let windows = (samples - window) / step + 1
    var expected: [Float] = []
    for channel in 0..<channels {
      for start in 0..<windows {
        for frequency in 0...length / 2 {
          var (real, imaginary) = (0.0, 0.0)
          for i in 0..<window {
            let hann = 0.5 - 0.5 * cos(2 * Double.pi * Double(i) / Double(window))
            let value = Double(x[(start * step + i) * channels + channel]) * hann
            let angle = -2 * Double.pi * Double(i * frequency) / Double(length)
            real += value * cos(angle)
            imaginary += value * sin(angle)
          }
          expected.append(Float(real * real + imaginary * imaginary))
        }
      }
    }
    let squared = try transform(
      x, channels: channels, window: Int64(window), step: Int64(step), squared: true, threads: 3)
    #expect(squared.type.shape.dimensions == [channels, windows, length / 2 + 1])
    expectClose(squared.floats, expected, tolerance: 1e-6)
    let plain = try transform(x, channels: channels, window: Int64(window), step: Int64(step), squared: false)
    #expect(plain.floats == squared.floats.map { $0.squareRoot() })
  }

  @Test func takesShortAndEmptyInputs() throws {
    #expect(
      try transform([1, 2, 3], channels: 1, window: 4, step: 1, squared: true).type.shape.dimensions == [1, 0, 3])
    #expect(
      try transform([], channels: 1, window: 1 << 30, step: 1, squared: true).type.shape.dimensions == [
        1, 0, (1 << 29) + 1,
      ])
    #expect(try transform([], channels: 0, window: 4, step: 1, squared: true).type.shape.dimensions == [0, 0, 3])
  }

  @Test func spreadsNaN() throws {
    let result = try transform([.nan, .infinity, 1, 2, 3, 4], channels: 1, window: 2, step: 2, squared: true)
    #expect(result.floats.prefix(2).allSatisfy { $0.isNaN })
    #expect(result.floats.dropFirst(2).allSatisfy { $0.isFinite })
  }

  @Test func refusesBadOptions() throws {
    for (window, step) in [(1, 1), (0, 1), (-4, 1), (4, 0), (4, -1), (1 << 40, 1), (4, 1 << 40)] as [(Int64, Int64)] {
      #expect(throws: OperatorError.self) {
        try transform([1, 2, 3, 4], channels: 1, window: window, step: step, squared: true)
      }
    }
    #expect(throws: OperatorError.self) { try AudioSpectrogram(options: .custom([1, 2, 3, 200])) }
    #expect(throws: OperatorError.self) {
      try run(AudioSpectrogram(options: .defaults), [TestTensor([1] as [Float], [1, 1])], outputs: [(.float32, .none)])
    }
    #expect(throws: OperatorError.self) {
      try run(
        AudioSpectrogram(options: .flexBuffer(["window_size": .integer(2), "stride": .integer(1)])),
        [TestTensor([1, 2] as [Float])], outputs: [(.float32, .none)])
    }
  }
}
