internal import Glibc
public import TensorTypes

/// `GELU`: `x` times the standard normal distribution function of `x`, element by element, exactly or approximated with a hyperbolic tangent.
///
/// Any shape. `float32`, `float16` and, with one scale and zero point each for input and output, `int8`, `uint8` and `int16`.
public struct Gelu: Operator {
  public static let definition = OperatorDefinition(.gelu, versions: 1...3, options: 116)

  /// Whether the approximation with a hyperbolic tangent is wanted.
  package let isApproximate: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    isApproximate = try options.bool(0)
  }

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    let count = type.shape.elementCount
    // As the reference's build of the tables: C library functions in single precision.
    let table = { [isApproximate] (x: Float) -> Float in
      if isApproximate { return 0.5 * x * (1 + tanhf(Self.rootOfTwoOverPi * (x + 0.044715 * x * x * x))) }
      return 0.5 * x * erfcf(x * -Self.rootOfHalf)
    }
    if type.element == .float32, let kernel = (isApproximate ? FloatFunction.approximateGELU : .gelu).kernel(type) {
      return kernel
    }
    switch type.element {
    case .float16: return halfKernel(count: count, grain: 1024) { halfValues(&$0) }
    case .int8:
      return ByteLookup(Int8.self, from: try node.affineInputOrZero(0), to: try node.affineOutput(), table)
        .kernel(count: count)
    case .uint8:
      return ByteLookup(UInt8.self, from: try node.affineInputOrZero(0), to: try node.affineOutput(), table)
        .kernel(count: count)
    case .int16:
      let input = try node.affineInputOrZero(0)
      let output = try node.affineOutput()
      return ShortLookup(
        inputScale: input.scale, inputZeroPoint: input.zeroPoint, outputScale: output.scale,
        outputZeroPoint: output.zeroPoint, table
      ).kernel(count: count)
    case let other:
      throw .unsupported("\(other) input; float32, float16, int8, uint8 and int16 are supported")
    }
  }

  private static let rootOfHalf: Float = 0.70710678118654752440
  private static let rootOfTwoOverPi: Float = 0.79788456080286535588

  /// Every step rounds to half precision, as in the reference kernel.
  private func halfValues(_ x: inout MutableSpan<Float>) {
    var steps = InlineArray<256, Float>(repeating: 0)
    var y = steps.mutableSpan
    if isApproximate {
      let (cubic, slope) = (Float(0.044715 as Float16), Float(0.79788456080286535588 as Float16))
      Self.step(x, &y) { x, _ in x * x }
      Self.step(x, &y) { x, y in y * x }
      Self.step(x, &y) { _, y in cubic * y }
      Self.step(x, &y) { x, y in x + y }
      Self.step(x, &y) { _, y in slope * y }
      FloatFunction.tanh.apply(&y)
      Self.step(x, &y) { _, y in y }
      Self.step(x, &y) { _, y in 1 + y }
    } else {
      let slope = Float(-0.70710678118654752440 as Float16)
      Self.step(x, &y) { x, _ in x * slope }
      Self.step(x, &y) { _, y in erfcf(y) }
    }
    for i in x.indices { x[i] = 0.5 * x[i] }
    x.roundToHalf(x.count)
    for i in x.indices { x[i] = x[i] * y[i] }
  }

  /// One step of all elements, rounded.
  @inline(__always)
  private static func step(
    _ x: borrowing MutableSpan<Float>, _ y: inout MutableSpan<Float>, _ body: (_ x: Float, _ y: Float) -> Float
  ) {
    for i in x.indices { y[i] = body(x[i], y[i]) }
    y.roundToHalf(x.count)
  }
}
