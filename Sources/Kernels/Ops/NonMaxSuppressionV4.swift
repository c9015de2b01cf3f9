public import TensorTypes

/// `NON_MAX_SUPPRESSION_V4`: the indices of the boxes that remain when, from the best score down, every box goes that overlaps a better one.
///
/// Inputs: boxes `float32[count, 4]`, scores `float32[count]`, and as scalars the greatest number of results (`int32`), the overlap
/// (intersection over union) from which boxes are suppressed and the score above which they count. Outputs, `int32`: indices, zero behind the
/// last result; the number of results.
public struct NonMaxSuppressionV4: Operator {
  public static let definition = OperatorDefinition(.nonMaxSuppressionV4, versions: 1...1, options: 95)

  public init(options: OperatorOptions) {}

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? {
    inputs.count == 6 ? BoxSelection.softElements : BoxSelection.elements
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try BoxSelection.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel { try BoxSelection.prepare(node) }
}
