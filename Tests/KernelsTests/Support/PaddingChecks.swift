import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// What `PAD` and `PADV2` have in common: borders of one value.
enum PaddingChecks {
  /// Shapes, and elements before and after each dimension.
  static let cases: [([Int], [Int])] =
    Sizes.lengths.map { ([$0], [2, 3]) } + [
      ([], []), ([1], [0, 0]), ([0, 3], [1, 1, 0, 2]), ([3, 0], [0, 0, 2, 2]), ([2, 3, 4], [0, 1, 2, 0, 3, 5]),
      ([1, 5, 7, 3], [0, 0, 1, 1, 2, 2, 0, 0]), ([2, 3, 1, 2], [1, 0, 0, 0, 0, 1, 0, 0]),
      ([1, 2, 1, 2, 1, 2, 1, 2], [0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 2, 1, 0]),
      ([2, 2, 0, 2, 2, 2, 2, 2], [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), ([40, 150], [3, 4, 5, 6]),
    ]

  static func tensor(_ paddings: [Int], _ element: ElementType = .int32) throws -> TestTensor {
    try TestTensor(integers: paddings, [paddings.count / 2, 2], as: element)
  }

  static func bordered(_ input: Grid<UInt128>, _ paddings: [Int], with value: UInt128) -> Grid<UInt128> {
    let axes = input.dimensions.indices
    return Grid<UInt128>(axes.map { paddings[2 * $0] + input.dimensions[$0] + paddings[2 * $0 + 1] }) { place in
      let from = axes.map { place[$0] - paddings[2 * $0] }
      return axes.allSatisfy { from[$0] >= 0 && from[$0] < input.dimensions[$0] } ? input[from] : value
    }
  }

  /// Expects typed errors for paddings that do not fit an input of shape [2, 3].
  ///
  /// - Parameter more: the operands behind the paddings.
  static func expectRejections(_ operation: any Operator, more: [TestTensor] = []) throws {
    let input = try TestTensor(zeros: .int32, [2, 3])
    let inputs = [input, try tensor([0, 1, 2, 3])] + more
    let outputs = [(ElementType.int32, Quantization.none)]
    let huge = Int(Int32.max)
    try expectRejectedValues(
      operation, inputs, operand: 1,
      [[0, -1, 0, 0], [-3, 0, 0, 0], [0, huge, 0, huge], [huge, huge, 0, 0], [1, 1], []],
      outputs: outputs)
    for shape in [[4], [1, 4], [4, 1], [2, 2, 1]] {
      expectRejection(
        .malformed, of: operation, [input, try TestTensor(zeros: .int32, shape).constant] + more, outputs: outputs)
    }
    for value in [Int.max, Int.min] {
      expectRejection(
        .malformed, of: operation, [input, try tensor([0, value, value, 0], .int64).constant] + more, outputs: outputs)
    }
    expectRejection(
      .unsupported, of: operation,
      [try TestTensor(zeros: .int32, [Int](repeating: 1, count: 9)), try tensor([Int](repeating: 0, count: 18))] + more,
      outputs: outputs)
    try expectOnly([.int32, .int64], for: operation, inputs, changing: [1], output: .int32)
    expectOperandCounts(operation, inputs, outputs: outputs)
  }
}
