internal import Glibc
public import TensorTypes

/// `EXP`: `e^x`, element by element.
///
/// Any shape. `float32`, `float16`, `bfloat16` and, with one scale and zero point each for input and output, `int8` and `int16` (zero
/// points 0).
public struct Exp: Operator {
  public static let definition = OperatorDefinition(.exp, versions: 1...2, options: 33)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    if let kernel = FloatFunction.exponential.kernel(type) { return kernel }
    switch type.element {
    case .int8:
      return ByteLookup(Int8.self, from: try node.affineInputOrZero(0), to: try node.affineOutput()) { expf($0) }
        .kernel(count: type.shape.elementCount)
    case .int16:
      let input = try node.affineInputOrZero(0)
      let output = try node.affineOutput()
      try node.expectSymmetric(input, output)
      return ShortLookup(inputScale: input.scale, inputZeroPoint: 0, outputScale: output.scale, outputZeroPoint: 0) {
        expf($0)
      }.kernel(count: type.shape.elementCount)
    case let other:
      throw .unsupported("\(other) input; float32, float16, bfloat16, int8 and int16 are supported")
    }
  }
}
