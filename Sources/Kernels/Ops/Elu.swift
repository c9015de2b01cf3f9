internal import Glibc
public import TensorTypes

/// `ELU`: `x` where it is not negative, `exp(x) - 1` elsewhere, element by element.
///
/// Any shape. `float32`, `float16`, `bfloat16` and, with one scale and zero point each for input and output, `int8`.
public struct Elu: Operator {
  public static let definition = OperatorDefinition(.elu, versions: 1...1)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    if let kernel = FloatFunction.exponentialLinear.kernel(type) { return kernel }
    guard type.element == .int8 else {
      throw .unsupported("\(type.element) input; float32, float16, bfloat16 and int8 are supported")
    }
    return ByteLookup(Int8.self, from: try node.affineInputOrZero(0), to: try node.affineOutput()) {
      $0 < 0 ? expm1f($0) : $0
    }.kernel(count: type.shape.elementCount)
  }
}
