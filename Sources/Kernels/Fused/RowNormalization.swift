internal import CKernels
package import TensorTypes

/// Layer normalisation or, without centring, root-mean-square normalisation of `float32` rows along the last axis.
///
/// Inputs: rows of any shape; optionally a scale and an offset, one element per column each. Made by graph passes for known shapes.
package struct RowNormalization: Operator {
  package static let definition = OperatorDefinition(custom: "ROW_NORMALIZATION")

  /// Whether the mean is subtracted.
  package let centers: Bool
  package let epsilon: Float
  private let width: Int
  private let shape: Shape
  private let scale: Int?
  private let offset: Int?

  package init(options: OperatorOptions) throws(OperatorError) {
    throw .unsupported("made by graph passes only")
  }

  /// - Parameters:
  ///   - width: elements of a row, at least 1.
  ///   - shape: of the output, which has as many elements as input 0.
  ///   - scale: the input that is the scale.
  ///   - offset: the input that is the offset.
  package init(centers: Bool, epsilon: Float, width: Int, shape: Shape, scale: Int?, offset: Int?) {
    self.centers = centers
    self.epsilon = epsilon
    self.width = width
    self.shape = shape
    self.scale = scale
    self.offset = offset
  }

  /// Elements of a row.
  package var columns: Int { width }
  package var hasScale: Bool { scale != nil }
  package var hasOffset: Bool { offset != nil }

  package var sharing: OperandSharing { .inPlace([0]) }

  package func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let input = try node.input(0)
    guard width > 0, input.element == .float32, input.shape.elementCount == shape.elementCount,
      shape.elementCount % width == 0
    else { throw .malformed("\(input) does not consist of float32 rows of \(width)") }
    for index in [scale, offset].compactMap(\.self) {
      let type = try node.input(index)
      guard type.element == .float32, type.shape.elementCount == width else {
        throw .malformed("input \(index) is \(type), not \(width) float32")
      }
    }
    return [shape]
  }

  package func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let normalize = unsafe Microkernels.best.table.pointee.f32_normalize
    let rows = shape.elementCount / max(width, 1)
    return Kernel { [self] io throws(OperatorError) in
      try io.parallel(rows, grain: max(1, 4096 / width)) { range in
        guard let x = unsafe io.inputBytes(0).bindMemory(to: Float.self).baseAddress,
          let y = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress
        else { return }
        let scales = unsafe scale.flatMap { unsafe io.inputBytes($0).bindMemory(to: Float.self).baseAddress }
        let offsets = unsafe offset.flatMap { unsafe io.inputBytes($0).bindMemory(to: Float.self).baseAddress }
        // Safety: `infer` checked that all operands have the elements that the kernel touches.
        unsafe normalize?(
          x + range.lowerBound * width, y + range.lowerBound * width, range.count, width, centers, epsilon, scales,
          offsets)
      }
    }
  }
}
