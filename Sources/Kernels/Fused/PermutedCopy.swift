package import TensorTypes

/// A transposition of the input's elements, seen in another shape, by axes that are known: dimension *i* of the result is dimension `axes[i]`. The result
/// too may be seen in another shape. Made by graph passes.
package struct PermutedCopy: Operator {
  package static let definition = OperatorDefinition(custom: "PERMUTED_COPY")

  /// The dimensions in which the input is seen.
  package let source: [Int]
  /// A permutation.
  package let axes: [Int]
  /// The shape of the output.
  package let shape: Shape

  package init(options: OperatorOptions) throws(OperatorError) {
    throw .unsupported("made by graph passes only")
  }

  package init(source: [Int], axes: [Int], shape: Shape) {
    self.source = source
    self.axes = axes
    self.shape = shape
  }

  package func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let input = try node.input(0).shape
    _ = try Transpose.permutation(axes, rank: source.count)
    guard Shape(source)?.elementCount == input.elementCount, shape.elementCount == input.elementCount else {
      throw .malformed("\(input) does not have the elements of \(source) or \(shape)")
    }
    return [shape]
  }

  package func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    guard let seen = Shape(source), let permuted = Shape(axes.map { source[$0] }) else {
      throw .malformed("shape \(source) is not valid")
    }
    let from = seen.strides
    let to = permuted.strides
    let copy = try StridedCopy(
      axes.indices.map { .init(permuted[$0], source: from[axes[$0]], target: to[$0]) },
      element: input.element, sourceCount: input.shape.elementCount, targetCount: shape.elementCount)
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
