public import TensorTypes

/// `CAST`: elements converted to another type.
///
/// Any shape. Between `float16`, `bfloat16`, `float32`, `float64`, `bool`, `complex64` and integers of 8 to 64 bits; `int2`, `int4`, `uint4` and
/// `float8` to all of these, all of these to `float8`, and from `float32` to `int2`, `int4` and `uint4`. Numbers become integers by truncation, limited to the type's
/// range, NaN becomes its largest number; integers become narrower integers by dropping bits; everything but 0 is true; the imaginary part
/// is dropped or 0.
public struct Cast: Operator {
  public static let definition = OperatorDefinition(.cast, versions: 1...9, options: 37)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    let input = try node.input(0)
    _ = try Conversion(from: input.element, to: try node.output(0).element)
    return [input.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0)
    if input.element == output.element, let bytes = input.byteCount { return copyKernel(byteCount: bytes) }
    return try Conversion(from: input.element, to: output.element).kernel(count: input.shape.elementCount)
  }
}
