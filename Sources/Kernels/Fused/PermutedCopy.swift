package import TensorTypes

/// A transposition by axes that are known: dimension *i* of the result is dimension `axes[i]` of the input. Made by graph passes.
package struct PermutedCopy: Operator {
  package static let definition = OperatorDefinition(custom: "PERMUTED_COPY")

  /// A permutation.
  package let axes: [Int]

  package init(options: OperatorOptions) throws(OperatorError) {
    throw .unsupported("made by graph passes only")
  }

  package init(axes: [Int]) { self.axes = axes }

  package func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let input = try node.input(0).shape
    let axes = try Transpose.permutation(axes, rank: input.rank)
    guard let shape = Shape(axes.map { input[$0] }) else { throw .malformed("shape \(input) is not valid") }
    return [shape]
  }

  package func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0).shape
    let from = input.shape.strides
    let to = output.strides
    let copy = try StridedCopy(
      axes.indices.map { .init(output[$0], source: from[axes[$0]], target: to[$0]) },
      element: input.element, sourceCount: input.shape.elementCount, targetCount: output.elementCount)
    return Kernel { io throws(OperatorError) in try copy.run(io) }
  }
}

/// The input's elements in another shape. Made by graph passes.
package struct Reinterpretation: Operator {
  package static let definition = OperatorDefinition(custom: "REINTERPRETATION")

  private let shape: Shape

  package init(options: OperatorOptions) throws(OperatorError) {
    throw .unsupported("made by graph passes only")
  }

  package init(shape: Shape) { self.shape = shape }

  package var sharing: OperandSharing { .view(of: 0) }

  package func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    guard try node.input(0).shape.elementCount == shape.elementCount else {
      throw .malformed("\(try node.input(0)) does not have the elements of \(shape)")
    }
    return [shape]
  }

  package func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    copyKernel(byteCount: try node.output(0).byteCount ?? 0)
  }
}
