public import TensorTypes

/// `REAL`: the real parts of complex numbers. Any shape; `complex64` to `float32` or `complex128` to `float64`.
public struct Real: Operator {
  public static let definition = OperatorDefinition(.real, versions: 1...1)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try node.realShapeOfComplex() }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let count = input.shape.elementCount
    return input.element == .complex64 ? Part().kernel(count: count) : WidePart().kernel(count: count)
  }

  private struct Part: UnaryElementFunction {
    @inline(__always) func apply(_ z: SIMD2<Float>) -> Float { z.x }
  }

  private struct WidePart: UnaryElementFunction {
    @inline(__always) func apply(_ z: SIMD2<Double>) -> Double { z.x }
  }
}
