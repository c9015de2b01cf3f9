public import TensorTypes

/// `SQRT`: the square root, element by element.
///
/// Any shape. `float32` and, with one scale and zero point each for input and output, `int8` and `int16` (zero points 0); quantised inputs must
/// not be negative.
public struct Sqrt: Operator {
  public static let definition = OperatorDefinition(.sqrt, versions: 1...2)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    let count = type.shape.elementCount
    if type.element == .float32, let kernel = FloatFunction.squareRoot.kernel(type) { return kernel }
    switch type.element {
    case .int8:
      let function = Quantized<Int8>(input: try node.affineInput(0), output: try node.affineOutput())
      return ByteLookup(Int8.self) { function.apply($0) }.kernel(count: count)
        .checking(Int8.self, atLeast: function.input.zeroPoint, "SQRT of a negative number")
    case .int16:
      let function = Quantized<Int16>(input: try node.affineInput(0), output: try node.affineOutput())
      try node.expectSymmetric(function.input, function.output)
      return function.kernel(count: count).checking(Int16.self, atLeast: 0, "SQRT of a negative number")
    case let other: throw .unsupported("\(other) input; float32, int8 and int16 are supported")
    }
  }

  private struct Quantized<T: FixedWidthInteger & BitwiseCopyable & Sendable>: UnaryElementFunction {
    let input: AffineParameters
    let output: AffineParameters

    @inline(__always) func apply(_ x: T) -> T {
      let value = Int32(truncatingIfNeeded: x) &- input.zeroPoint
      let real = input.scale * Float(value < 0 ? 0 : value)
      return T(clamping: Int32(machineTruncating: real.squareRoot() / output.scale) &+ output.zeroPoint)
    }
  }
}
