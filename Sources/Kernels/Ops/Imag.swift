public import TensorTypes

/// `IMAG`: the imaginary parts of complex numbers. Any shape; `complex64` to `float32` or `complex128` to `float64`.
public struct Imag: Operator {
  public static let definition = OperatorDefinition(.imag, versions: 1...1)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try node.realShapeOfComplex() }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let count = input.shape.elementCount
    return input.element == .complex64 ? Part().kernel(count: count) : WidePart().kernel(count: count)
  }

  private struct Part: UnaryElementFunction {
    @inline(__always) func apply(_ z: SIMD2<Float>) -> Float { z.y }
  }

  private struct WidePart: UnaryElementFunction {
    @inline(__always) func apply(_ z: SIMD2<Double>) -> Double { z.y }
  }
}
