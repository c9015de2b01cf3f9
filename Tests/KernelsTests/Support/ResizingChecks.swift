import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// What the resizing operators have in common.
enum ResizingChecks {
  /// Expects typed errors for sizes and images that cannot be, for other element types and other operands.
  static func expectRejections(_ operation: any Operator, supported: [ElementType]) throws {
    let inputs = [try TestTensor(zeros: .float32, [1, 2, 3, 1]), try TestTensor([4, 5] as [Int32])]
    let outputs = [(ElementType.float32, Quantization.none)]
    let huge = Int(Int32.max)
    try expectRejectedValues(
      operation, inputs, operand: 1,
      [[0, 5], [4, 0], [-1, 5], [4, Int(Int32.min)], [4], [4, 5, 6], []], outputs: outputs)
    expectRejection(
      .malformed, of: operation,
      [try TestTensor(zeros: .float32, [0, 2, 2, 1 << 30]), try TestTensor([Int32.max, .max]).constant],
      outputs: outputs)
    for dimensions in [[1, 0, 3, 1], [1, 2, 0, 1], [], [3], [2, 3, 1], [1, 2, 3, 1, 1]] {
      expectRejection(
        .malformed, of: operation, [try TestTensor(zeros: .float32, dimensions), inputs[1]], outputs: outputs,
        "\(dimensions)")
    }
    expectRejection(
      .malformed, of: operation, [inputs[0], try TestTensor([4, 5] as [Int32], [1, 2])], outputs: outputs)
    // Without channels there is nothing to compute, however large the image.
    let empty = try run(
      operation, [TestTensor(zeros: .float32, [1, 2, 2, 0]), TestTensor([Int32(huge), 1]).constant], outputs: outputs)
    #expect(empty[0].type.shape.dimensions == [1, huge, 1, 0])
    try expectOnly(supported, for: operation, inputs)
    try expectOnly([.float32], for: operation, inputs, output: .float32)
    try expectOnly([.int32], for: operation, inputs, changing: [1], output: .float32)
    expectOperandCounts(operation, inputs, outputs: outputs)
  }
}
