internal import TensorTypes

/// Copies between operands that together are an operator.
struct OperandCopies: Sendable {
  private(set) var copies: [(copy: StridedCopy, input: Int, output: Int)] = []

  mutating func append(_ copy: StridedCopy, input: Int = 0, output: Int = 0) {
    copies.append((copy, input, output))
  }

  func run(_ io: Operands) throws(OperatorError) {
    for index in copies.indices {
      try copies[index].copy.run(io, input: copies[index].input, output: copies[index].output)
    }
  }

  /// What is copied, where each copy is of consecutive bytes; else empty.
  private var blocks: [BlockCopy] {
    var result: [BlockCopy] = []
    for (copy, input, output) in copies {
      guard let block = copy.block else { return [] }
      result.append(
        BlockCopy(input: input, output: output, source: block.source, target: block.target, byteCount: block.byteCount))
    }
    return result
  }

  /// The kernel that does nothing else.
  var kernel: Kernel {
    var kernel = Kernel { io throws(OperatorError) in try run(io) }
    kernel.blocks = blocks
    return kernel
  }
}

extension Kernel {
  /// A kernel of copies that follow from the values of some integer inputs, as ``planned(_:values:plan:run:)`` says.
  static func plannedCopies(
    _ node: NodeContext, values: [Int],
    plan: @escaping @Sendable ([[Int]]) throws(OperatorError) -> OperandCopies
  ) throws(OperatorError) -> Kernel {
    if let known = try node.integersIfKnown(values) { return try plan(known).kernel }
    return try planned(node, values: values, plan: plan) { io, copies throws(OperatorError) in try copies.run(io) }
  }
}
