package import TensorTypes

/// A product (`CONV_2D`, `DEPTHWISE_CONV_2D`, `FULLY_CONNECTED`, `BATCH_MATMUL`) with `float32` results and the elementwise operators that
/// follow it, which run on the elements that the product has just written.
///
/// Inputs: the product's, then the other operands of the stages. Made by graph passes for known shapes, with the bits that the operators give
/// one after the other.
package struct ProductEpilogue: Operator {
  package static let definition = OperatorDefinition(custom: "PRODUCT_EPILOGUE")

  package let product: any Operator
  /// Inputs of the product.
  package let productInputs: Int
  /// The product's result.
  package let productOutput: TensorType
  package let stages: [ElementwiseStage]
  private let shape: Shape

  package init(options: OperatorOptions) throws(OperatorError) {
    throw .unsupported("made by graph passes only")
  }

  /// - Parameter shape: of the output, which has as many elements as `productOutput`.
  package init(
    _ product: any Operator, productInputs: Int, productOutput: TensorType, stages: [ElementwiseStage], shape: Shape
  ) {
    self.product = product
    self.productInputs = productInputs
    self.productOutput = productOutput
    self.stages = stages
    self.shape = shape
  }

  package func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let shapes = try product.infer(node.beginning(inputs: productInputs, output: productOutput, epilogue: nil))
    guard shapes == [productOutput.shape], productOutput.shape.elementCount == shape.elementCount else {
      throw .malformed("the product gives \(shapes), made for \(productOutput.shape)")
    }
    return [shape]
  }

  package func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let epilogue = Epilogue(stages: stages)
    let kernel = try product.prepare(
      node.beginning(inputs: productInputs, output: productOutput, epilogue: epilogue))
    // The product finds its inputs, output and scratch buffers where it expects them: further inputs stand behind its own.
    if kernel.appliesEpilogue { return kernel }
    let count = shape.elementCount
    return Kernel(scratch: kernel.scratch) { io throws(OperatorError) in
      try kernel.invoke(io)
      try io.parallel(count, grain: 8192) { range in
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Epilogue.block) {
          // Safety: the output has `count` elements.
          unsafe epilogue.apply(io, start: start, count: min(Epilogue.block, range.upperBound - start))
        }
      }
    }
  }

}

extension ProductEpilogue: LineOperator {
  /// The chain's further inputs are the operands of this step's stages.
  package func lineStage(_ node: NodeContext) throws(OperatorError) -> LineStage? {
    guard shape == productOutput.shape, let product = product as? any LineOperator else { return nil }
    return try product.lineStage(node.beginning(inputs: productInputs, output: productOutput, epilogue: nil))?
      .followed(by: stages.map { stage in stage.operand.map { stage.with(operand: $0 - productInputs + 1) } ?? stage })
  }
}
