internal import TensorTypes

/// What `SPLIT`, `SPLIT_V` and `UNPACK` share: consecutive parts of one input along an axis, each an output of its own.
enum Splitting {
  /// - Parameters:
  ///   - operand: which input is split.
  ///   - sizes: the parts' sizes along the axis; they must add up to at most the input's.
  static func copies(
    _ input: TensorType, operand: Int = 0, axis: Int, sizes: [Int]
  ) throws(OperatorError) -> OperandCopies {
    let count = input.shape.elementCount
    let outer = count == 0 ? 0 : input.shape.product(0..<axis)
    let inner = count == 0 ? 0 : input.shape.product(axis + 1..<input.shape.rank)
    let row = count == 0 ? 0 : input.shape[axis] * inner
    var copies = OperandCopies()
    var start = 0
    for (output, size) in sizes.enumerated() {
      let length = size * inner
      copies.append(
        try StridedCopy(
          [.init(outer, source: row, target: length), .init(length, source: 1, target: 1)], sourceOffset: start,
          element: input.element, sourceCount: count, targetCount: outer * length),
        input: operand, output: output)
      start += length
    }
    return copies
  }

  /// Checks that all outputs have the element type of an input.
  static func expectSameElements(_ node: NodeContext, _ input: Int) throws(OperatorError) {
    for output in node.outputs.indices { try node.expectSameElement(input, output: output) }
  }
}
