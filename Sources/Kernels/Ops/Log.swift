internal import Glibc
public import TensorTypes

/// `LOG`: the natural logarithm, element by element.
///
/// Any shape. `float32`, `float16`, `bfloat16` and, with one scale and zero point each for input and output, `int8` and `int16` (zero
/// points 0), where numbers that are not positive give the smallest result.
public struct Log: Operator {
  public static let definition = OperatorDefinition(.log, versions: 1...2)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.unaryShape()
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    if let kernel = FloatFunction.logarithm.kernel(type) { return kernel }
    switch type.element {
    case .int8:
      let output = try node.affineOutput()
      let least = Float(-128 - output.zeroPoint) * output.scale
      return ByteLookup(Int8.self, from: try node.affineInput(0), to: output) { $0 <= 0 ? least : logf($0) }
        .kernel(count: type.shape.elementCount)
    case .int16:
      let input = try node.affineInput(0)
      let output = try node.affineOutput()
      try node.expectSymmetric(input, output)
      let least = -32768 * output.scale
      return ShortLookup(inputScale: input.scale, inputZeroPoint: 0, outputScale: output.scale, outputZeroPoint: 0) {
        $0 <= 0 ? least : logf($0)
      }.kernel(count: type.shape.elementCount)
    case let other:
      throw .unsupported("\(other) input; float32, float16, bfloat16, int8 and int16 are supported")
    }
  }
}
