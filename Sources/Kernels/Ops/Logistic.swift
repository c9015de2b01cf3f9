internal import Glibc
public import TensorTypes

/// `LOGISTIC`: `1 / (1 + exp(-x))`, element by element.
///
/// Any shape. `float32`, `float16`, `bfloat16`; `int8` and `uint8` with an output scale of 1/256; `int16` with zero points 0 and an output
/// scale of 1/32768.
public struct Logistic: Operator {
  public static let definition = OperatorDefinition(.logistic, versions: 1...3)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    if let kernel = FloatFunction.logistic.kernel(type) { return kernel }
    let count = type.shape.elementCount
    switch type.element {
    case .int8: return try table(Int8.self, node).kernel(count: count)
    case .uint8: return try table(UInt8.self, node).kernel(count: count)
    case .int16: return try ShortSigmoid(node, tanh: false).kernel(count: count)
    case let other:
      throw .unsupported("\(other) input; float32, float16, bfloat16, int8, uint8 and int16 are supported")
    }
  }

  private func table<T: FixedWidthInteger>(_: T.Type, _ node: NodeContext) throws(OperatorError) -> ByteLookup {
    let output = try node.affineOutput()
    guard output.scale == 1 / 256 else {
      throw .malformed("the output has the scale \(output.scale); it must be 1/256")
    }
    return ByteLookup(T.self, from: try node.affineInputOrZero(0), to: output) { 1 / (1 + expf(-$0)) }
  }
}
