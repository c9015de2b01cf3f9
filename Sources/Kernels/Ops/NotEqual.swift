public import TensorTypes

/// `NOT_EQUAL`: `a != b`, element by element, broadcast against each other, as `bool`.
///
/// Inputs have one element type: `float32`, `float16`, `bfloat16`, `int16`, `int32`, `int64`, `bool`, `string`, or with one scale and zero
/// point each `int8` and `uint8` (and `int16`), which are compared as real numbers.
public struct NotEqual: Operator {
  public static let definition = OperatorDefinition(.notEqual, versions: 1...4, options: 54)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryBroadcast(output: .bool).shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try comparisonKernel(node, Relation(), isEquality: true)
  }

  private struct Relation: ElementRelation {
    @inline(__always) func holds<T: Comparable>(_ a: T, _ b: T) -> Bool { a != b }
  }
}
