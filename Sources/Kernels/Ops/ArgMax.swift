public import TensorTypes

/// `ARG_MAX`: the index of the greatest element along the axis that input 1 (`int32` or `int64`) names; the first of equal ones.
///
/// `float32`, `int8`, `uint8`, `int16`, `int32` and `bool`; indices are `int32` or `int64`. A NaN is never chosen over a number.
public struct ArgMax: Operator {
  public static let definition = OperatorDefinition(.argMax, versions: 1...3, options: 40)

  private let reduction: ArgumentReduction

  public init(options: OperatorOptions) throws(OperatorError) {
    reduction = try ArgumentReduction(options)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try reduction.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try reduction.prepare(node, isMaximum: true)
  }
}
