internal import Glibc
public import TensorTypes

/// `COMPLEX_ABS`: the magnitudes of complex numbers, computed without overflow in between. Any shape; `complex64` to `float32` or
/// `complex128` to `float64`.
public struct ComplexAbs: Operator {
  public static let definition = OperatorDefinition(.complexAbs, versions: 1...1)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try node.realShapeOfComplex() }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let count = input.shape.elementCount
    return input.element == .complex64
      ? Magnitude().kernel(count: count, grain: 2048) : WideMagnitude().kernel(count: count, grain: 2048)
  }

  private struct Magnitude: UnaryElementFunction {
    @inline(__always) func apply(_ z: SIMD2<Float>) -> Float { hypotf(z.x, z.y) }
  }

  private struct WideMagnitude: UnaryElementFunction {
    @inline(__always) func apply(_ z: SIMD2<Double>) -> Double { hypot(z.x, z.y) }
  }
}
