public import TensorTypes

/// `NON_MAX_SUPPRESSION_V5`: as `NON_MAX_SUPPRESSION_V4`, with scores that fall with the overlap.
///
/// Inputs as there, and the sigma of the Gaussian that lowers the score of a box for each better box it overlaps; 0 lowers none. Outputs:
/// `int32` indices and `float32` scores, zero behind the last result; the number of results (`int32`).
public struct NonMaxSuppressionV5: Operator {
  public static let definition = OperatorDefinition(.nonMaxSuppressionV5, versions: 1...1, options: 96)

  public init(options: OperatorOptions) {}

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? {
    inputs.count == 6 ? BoxSelection.softElements : BoxSelection.elements
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try BoxSelection.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel { try BoxSelection.prepare(node) }
}
