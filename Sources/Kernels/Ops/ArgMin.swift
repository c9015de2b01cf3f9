public import TensorTypes

/// `ARG_MIN`: the index of the least element along the axis that input 1 (`int32` or `int64`) names; the first of equal ones.
///
/// `float32`, `int8`, `uint8`, `int16`, `int32` and `bool`; indices are `int32` or `int64`. A NaN is never chosen over a number.
public struct ArgMin: Operator {
  public static let definition = OperatorDefinition(.argMin, versions: 1...3, options: 57)

  private let reduction: ArgumentReduction

  public init(options: OperatorOptions) throws(OperatorError) {
    reduction = try ArgumentReduction(options)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try reduction.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try reduction.prepare(node, isMaximum: false)
  }
}
