package import TensorTypes

/// Several elementwise operators in one sweep: input 0 goes through all stages, a cacheful at a time.
///
/// `float32`; made by graph passes for known shapes, with the bits that the operators give one after the other.
package struct ElementwiseChain: Operator {
  package static let definition = OperatorDefinition(custom: "ELEMENTWISE_CHAIN")

  package let stages: [ElementwiseStage]
  let shape: Shape
  private let sharesInput: Bool

  package init(options: OperatorOptions) throws(OperatorError) {
    throw .unsupported("made by graph passes only")
  }

  /// - Parameters:
  ///   - shape: of the output, which has as many elements as input 0.
  ///   - sharesInput: whether the output may overwrite input 0: no stage has it as its other operand.
  package init(stages: [ElementwiseStage], shape: Shape, sharesInput: Bool) {
    self.stages = stages
    self.shape = shape
    self.sharesInput = sharesInput
  }

  package var sharing: OperandSharing { sharesInput ? .inPlace([0]) : .separate }

  package func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    guard try node.input(0).shape.elementCount == shape.elementCount else {
      throw .malformed("input 0 is \(try node.input(0)), made for \(shape.elementCount) elements")
    }
    return [shape]
  }

  package func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let count = shape.elementCount
    return Kernel { [stages] io throws(OperatorError) in
      try io.parallel(count, grain: 32768) { range in
        guard let x = unsafe io.inputBytes(0).bindMemory(to: Float.self).baseAddress,
          let y = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress
        else { return }
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Epilogue.block) {
          let length = min(Epilogue.block, range.upperBound - start)
          var source = unsafe x + start
          for stage in stages {
            // Safety: ranges are inside of input and output, which have `count` elements.
            unsafe stage.apply(source, y + start, io, start: start, count: length)
            unsafe source = UnsafePointer(y + start)
          }
        }
      }
    }
  }
}
