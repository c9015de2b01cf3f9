import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct LogSoftmaxTests {
  private let operation = LogSoftmax(options: .defaults)

  /// `x` less the logarithm of the row's sum of exponentials.
  private func oracle(_ x: [Double], width: Int) -> [Double] {
    x.indices.map { index in
      let row = x[index / width * width..<(index / width + 1) * width]
      let peak = row.max() ?? 0
      return x[index] - peak - log(row.reduce(0) { $0 + exp($1 - peak) })
    }
  }

  @Test(arguments: Sizes.lengths.flatMap { [[$0], [3, $0]] } + Sizes.shapes.filter { !$0.isEmpty } + [[700, 30]])
  func matchesDoublePrecision(_ dimensions: [Int]) throws {
    var generator = SeededGenerator(seed: 73)
    let x = generator.floats(dimensions.reduce(1, *), in: -20...20)
    let result = try run(
      operation, [TestTensor(x, dimensions)], outputs: [(.float32, .none)], threads: Sizes.threads(x.count))[0]
    #expect(result.type.shape.dimensions == dimensions)
    expectNear(
      result.numbers, oracle(x.map { Double($0) }, width: dimensions[dimensions.count - 1]), tolerance: 1e-6, least: 1)
  }

  @Test func takesExtremes() throws {
    func apply(_ x: [Float]) throws -> [Float] {
      try run(operation, [TestTensor(x)], outputs: [(.float32, .none)])[0].floats
    }
    expectClose(try apply([1000, 1000]), [-0.6931472, -0.6931472])
    expectClose(try apply([-1000, 0]), [-1000, 0])
    expectClose(try apply([-.infinity, 0]), [-.infinity, 0])
    #expect(try apply([.nan, 0]).allSatisfy(\.isNaN))
    #expect(try apply([.infinity, 0]).contains(where: \.isNaN))
    #expect(try apply([-3]) == [0])
  }

  @Test(arguments: [ElementType.int8, .uint8], [1, 2, 5, 17, 300]) func matchesOnQuantisedIntegers(
    _ element: ElementType, _ width: Int
  ) throws {
    var generator = SeededGenerator(seed: 74)
    let output = AffineForm(element, scale: 1.0 / 16, zeroPoint: element == .int8 ? 127 : 255)
    for scale: Float in [0.01, 0.1, 1] {
      for input in AffineForm.zeroPoints(element, scale: scale) {
        let x = generator.integers(3 * width, in: input.limits)
        let result = try run(operation, [input.tensor(x, [3, width])], outputs: [output.output])[0]
        expectQuantized(result, output, oracle(x.map(input.real), width: width))
      }
    }
  }

  @Test(arguments: [ElementType.int8, .uint8]) func refusesOutputQuantisations(_ element: ElementType) throws {
    let zero = element == .int8 ? 127 : 255
    let input = AffineForm(element, scale: 1, zeroPoint: 0)
    for output in [
      AffineForm(element, scale: 1.0 / 256, zeroPoint: zero), AffineForm(element, scale: 1.0 / 16, zeroPoint: zero - 1),
    ] {
      expectRejection(.malformed, of: operation, [try input.tensor([1])], outputs: [output.output])
    }
    try expectSoundQuantization(operation, element)
  }

  @Test(arguments: extremeScales, [ElementType.int8, .uint8]) func survivesExtremeScales(
    _ scale: Float, _ element: ElementType
  ) throws {
    let input = AffineForm(element, scale: scale, zeroPoint: 0)
    let output = AffineForm(element, scale: 1.0 / 16, zeroPoint: element == .int8 ? 127 : 255)
    let tensor = try input.tensor(input.everyInteger)
    if scale < 1e-7 {
      // The reference kernel's fixed-point numbers cannot hold it.
      expectRejection(.unsupported, of: operation, [tensor], outputs: [output.output])
    } else {
      let result = try run(operation, [tensor], outputs: [output.output])[0].integers
      #expect(result[255] >= result[254])
    }
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: [.float32, .int8, .uint8])
    expectRejection(.malformed, of: operation, [try TestTensor([1 as Float], [])], outputs: [(.float32, .none)])
  }
}
