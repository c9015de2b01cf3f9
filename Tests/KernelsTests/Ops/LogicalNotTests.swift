import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct LogicalNotTests {
  private let operation = LogicalNot(options: .defaults)

  @Test(arguments: Sizes.lengths.map { [$0] } + Sizes.shapes + [[Sizes.long]]) func negates(_ dimensions: [Int]) throws
  {
    let x = (0..<dimensions.reduce(1, *)).map { $0 % 3 == 0 }
    let result = try run(
      operation, [try TestTensor(x, dimensions)], outputs: [(.bool, .none)], threads: Sizes.threads(x.count))[0]
    #expect(result.type.shape.dimensions == dimensions)
    #expect(result.bytes == x.map { $0 ? 0 : 1 })
  }

  @Test func takesEveryByteButZeroForTrue() throws {
    let x = try TestTensor((0...255).map { UInt8($0) }, element: .bool)
    #expect(
      try run(operation, [x], outputs: [(.bool, .none)])[0].bytes == [1] + [UInt8](repeating: 0, count: 255))
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(operation, supported: [.bool])
  }
}
