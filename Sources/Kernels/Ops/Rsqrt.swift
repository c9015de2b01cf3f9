public import TensorTypes

/// `RSQRT`: `1 / sqrt(x)`, element by element.
///
/// Any shape. `float32` and, with one scale and zero point each for input and output, `int8` and `int16` (zero points 0); quantised inputs must
/// not be negative.
public struct Rsqrt: Operator {
  public static let definition = OperatorDefinition(.rsqrt, versions: 1...3)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    let count = type.shape.elementCount
    if type.element == .float32, let kernel = FloatFunction.reciprocalSquareRoot.kernel(type) { return kernel }
    switch type.element {
    case .int8:
      let input = try node.affineInput(0)
      let output = try node.affineOutput()
      let function = Quantized(input, output)
      return ByteLookup(Int8.self) { function.apply($0) }.kernel(count: count)
        .checking(Int8.self, atLeast: input.zeroPoint, "RSQRT of a negative number")
    case .int16:
      let input = try node.affineInput(0)
      let output = try node.affineOutput()
      try node.expectSymmetric(input, output)
      let limit = 32767 * output.scale
      return ShortLookup(inputScale: input.scale, inputZeroPoint: 0, outputScale: output.scale, outputZeroPoint: 0) {
        $0 <= 0 ? limit : 1 / $0.squareRoot()
      }.kernel(count: count).checking(Int16.self, atLeast: 0, "RSQRT of a negative number")
    case let other: throw .unsupported("\(other) input; float32, int8 and int16 are supported")
    }
  }

  private struct Quantized {
    let input: AffineParameters
    let output: AffineParameters
    let multiplier: QuantizedMultiplier

    init(_ input: AffineParameters, _ output: AffineParameters) {
      self.input = input
      self.output = output
      multiplier = QuantizedMultiplier(1 / Double(input.scale.squareRoot() * output.scale))
    }

    func apply(_ x: Int8) -> Int8 {
      let value = Int32(x) - input.zeroPoint
      guard value > 0 else { return Int8.max }
      let inverse = FixedPoint.inverseSquareRoot(value)
      let extraBits: Int32 = 20
      let root = QuantizedMultiplier(multiplier: inverse.multiplier, shift: inverse.shift + extraBits).apply(1)
      let scaled = FixedPoint.scale(root, multiplier.multiplier, multiplier.shift - extraBits)
      return Int8(clamping: scaled &+ output.zeroPoint)
    }
  }
}

extension Kernel {
  /// This kernel, after a look at input 0 for elements below `minimum`, which are an error.
  func checking<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, atLeast minimum: Int32, _ message: String
  ) -> Kernel {
    Kernel(scratch: scratch) { [invoke] io throws(OperatorError) in
      let x = io.input(0, as: T.self)
      var least = T.max
      for i in x.indices { least = x[i] < least ? x[i] : least }
      guard Int32(truncatingIfNeeded: least) >= minimum || x.isEmpty else { throw .invalidValue(message) }
      try invoke(io)
    }
  }
}
