public import TensorTypes

/// `GREATER_EQUAL`: `a >= b`, element by element, broadcast against each other, as `bool`.
///
/// Inputs have one element type: `float32`, `float16`, `bfloat16`, `int16`, `int32`, `int64`, or with one scale and zero
/// point each `int8` and `uint8`, which are compared as real numbers.
public struct GreaterEqual: Operator {
  public static let definition = OperatorDefinition(.greaterEqual, versions: 1...3, options: 45)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryBroadcast(output: .bool).shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try comparisonKernel(node, Relation(), isEquality: false)
  }

  private struct Relation: ElementRelation {
    @inline(__always) func holds<T: Comparable>(_ a: T, _ b: T) -> Bool { a >= b }
  }
}
