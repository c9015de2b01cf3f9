internal import Glibc
public import TensorTypes

/// `TANH`: the hyperbolic tangent, element by element.
///
/// Any shape. `float32`, `float16`, `bfloat16`; `int8` and `uint8` with one scale and zero point each for input and output; `int16` with
/// zero points 0 and an output scale of 1/32768.
public struct Tanh: Operator {
  public static let definition = OperatorDefinition(.tanh, versions: 1...3)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    if let kernel = FloatFunction.tanh.kernel(type) { return kernel }
    let count = type.shape.elementCount
    switch type.element {
    case .int8:
      return ByteLookup(Int8.self, from: try node.affineInputOrZero(0), to: try node.affineOutput()) { tanhf($0) }
        .kernel(count: count)
    case .uint8:
      return ByteLookup(UInt8.self, from: try node.affineInputOrZero(0), to: try node.affineOutput()) { tanhf($0) }
        .kernel(count: count)
    case .int16: return try ShortSigmoid(node, tanh: true).kernel(count: count)
    case let other:
      throw .unsupported("\(other) input; float32, float16, bfloat16, int8, uint8 and int16 are supported")
    }
  }
}
