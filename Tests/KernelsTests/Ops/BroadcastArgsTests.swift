import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct BroadcastArgsTests {
  private let operation = BroadcastArgs(options: .defaults)

  @Test(arguments: [ElementType.int32, .int64], [true, false]) func joinsShapes(
    _ element: ElementType, constant: Bool
  ) throws {
    for (a, b) in Sizes.broadcasts {
      let result = try run(
        operation, [vector(a, element, constant: constant), vector(b, element)], outputs: [(element, .none)])[0]
      #expect(result.integers == broadcastShape(a, b))
    }
  }

  /// Dimensions are just numbers here: as large as the type allows.
  @Test func takesLargeDimensions() throws {
    let a = try TestTensor([Int64.max, 1, -1])
    let b = try TestTensor([1, Int64.min, -1])
    let result = try run(operation, [a, b], outputs: [(.int64, .none)])[0]
    #expect(result.values(Int64.self) == [.max, .min, -1])
  }

  @Test(arguments: Sizes.mismatches) func refusesShapes(_ a: [Int], _ b: [Int]) throws {
    expectRejection(.invalidValue, of: operation, [try vector(a), try vector(b)], outputs: [(.int32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try vector([2, 1]), try vector([3])]
    try expectOnly([.int32, .int64], for: operation, inputs, changing: [0, 1])
    try expectOnly([.int32], for: operation, inputs, changing: [1], output: .int32)
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)])
    expectRejection(.malformed, of: operation, inputs, outputs: [(.int64, .none)])
    for shape in [[], [1, 2]] {
      let other = try TestTensor([Int32](repeating: 1, count: shape.reduce(1, *)), shape)
      expectRejection(.malformed, of: operation, [inputs[0], other], outputs: [(.int32, .none)])
    }
  }
}
