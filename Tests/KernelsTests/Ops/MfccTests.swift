import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct MfccTests {
  private func operation(
    low: Int64 = 20, high: Int64 = 4000, channels: Int64 = 10, coefficients: Int64 = 5
  ) throws -> Mfcc {
    try Mfcc(
      options: .flexBuffer([
        "lower_frequency_limit": .integer(low), "upper_frequency_limit": .integer(high),
        "filterbank_channel_count": .integer(channels), "dct_coefficient_count": .integer(coefficients),
      ]))
  }

  private func apply(_ operation: Mfcc, _ x: TestTensor, rate: Int32, constant: Bool = true) throws -> TestTensor {
    let rate = try TestTensor([rate])
    return try run(operation, [x, constant ? rate.constant : rate], outputs: [(.float32, .none)])[0]
  }

  /// Each filter is a triangle over the mel scale between its neighbours' centres.
  private func expected(_ spectrum: [Float], rate: Double, low: Double, high: Double, channels: Int, coefficients: Int)
    -> [Float]
  {
    func mel(_ frequency: Double) -> Double { 1127 * log(1 + frequency / 700) }
    let edges = (0...channels + 1).map { mel(low) + (mel(high) - mel(low)) / Double(channels + 1) * Double($0) }
    let step = rate / 2 / Double(spectrum.count - 1)
    let energies = (0..<channels).map { channel -> Double in
      var sum = 0.0
      for (index, value) in spectrum.enumerated() {
        guard index >= Int(1.5 + low / step), index <= Int(high / step) else { continue }
        let pitch = mel(Double(index) * step)
        let rising = (pitch - edges[channel]) / (edges[channel + 1] - edges[channel])
        let falling = (edges[channel + 2] - pitch) / (edges[channel + 2] - edges[channel + 1])
        sum += max(0, min(rising, falling)) * sqrt(Double(value))
      }
      return log(max(sum, 1e-12))
    }
    return (0..<coefficients).map { k in
      Float(
        sqrt(2 / Double(channels))
          * energies.indices.reduce(0) {
            $0 + energies[$1] * cos(Double.pi / Double(channels) * Double(k) * (Double($1) + 0.5))
          })
    }
  }

  @Test(arguments: [(257, 16000, 10, 5), (129, 8001, 40, 13), (65, 16000, 3, 3), (513, 44100, 20, 1)])
  func computesCoefficients(length: Int, rate: Int, channels: Int, coefficients: Int) throws {
    var generator = SeededGenerator(seed: UInt64(length))
    let x = generator.floats(2 * 3 * length, in: 0...100)
    let operation = try operation(channels: Int64(channels), coefficients: Int64(coefficients))
    let tensor = try TestTensor(x, [2, 3, length])
    let wanted = (0..<6).flatMap {
      expected(
        Array(x[$0 * length..<($0 + 1) * length]), rate: Double(rate), low: 20, high: 4000, channels: channels,
        coefficients: coefficients)
    }
    for constant in [true, false] {
      let result = try apply(operation, tensor, rate: Int32(rate), constant: constant)
      #expect(result.type.shape.dimensions == [2, 3, coefficients])
      expectClose(result.floats, wanted, tolerance: 1e-5)
    }
  }

  @Test func aShortSpectrumGivesZeros() throws {
    let result = try apply(operation(), TestTensor([Float](repeating: 1, count: 9), [1, 1, 9]), rate: 4000)
    #expect(result.floats == [0, 0, 0, 0, 0])
  }

  @Test func takesEmptyAndStrangeValues() throws {
    #expect(try apply(operation(), TestTensor([Float](), [0, 3, 9]), rate: 16000).type.shape.dimensions == [0, 3, 5])
    let negative = try apply(operation(), TestTensor([Float](repeating: -1, count: 257), [1, 1, 257]), rate: 16000)
    #expect(negative.floats[0].isNaN)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let x = try TestTensor([Float](repeating: 1, count: 9), [1, 1, 9])
    for rate in [0, -1] as [Int32] {
      for constant in [true, false] {
        #expect(throws: OperatorError.self) { try apply(operation(), x, rate: rate, constant: constant) }
      }
    }
    for (low, high, channels, coefficients) in [
      (20, 20, 10, 5), (-1, 4000, 10, 5), (20, 4000, 0, 0), (20, 4000, 4, 5), (20, 4000, 4, 0),
      (20, 4000, 1 << 30, 1 << 30),
      (20, 4000, 1 << 30, 1),
    ] as [(Int64, Int64, Int64, Int64)] {
      #expect(throws: OperatorError.self) {
        try apply(operation(low: low, high: high, channels: channels, coefficients: coefficients), x, rate: 16000)
      }
    }
    #expect(throws: OperatorError.self) { try operation(channels: 1 << 40) }
    #expect(try apply(operation(high: .max), x, rate: 16000).floats == [0, 0, 0, 0, 0])
    #expect(throws: OperatorError.self) {
      try apply(operation(), TestTensor([1, 2] as [Float], [1, 2]), rate: 16000)
    }
    #expect(throws: OperatorError.self) { try apply(operation(), TestTensor([1] as [Float], [1, 1, 1]), rate: 16000) }
    #expect(throws: OperatorError.self) {
      try run(operation(), [x, TestTensor([1, 2] as [Int32])], outputs: [(.float32, .none)])
    }
  }
}
