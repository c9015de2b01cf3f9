public import TensorTypes

/// `RANDOM_STANDARD_NORMAL`: random `float32` of mean 0 and variance 1, in the shape that the input (a vector of `int32`) says.
///
/// With a seed, the first invocation of an interpreter gives the numbers that TFLite gives, and each further one those that follow; without
/// (both seeds 0) they differ from one interpreter to the next.
public struct RandomStandardNormal: Operator {
  public static let definition = OperatorDefinition(.randomStandardNormal, versions: 1...1, options: 114)

  private let seeds: RandomSeeds

  public init(options: OperatorOptions) throws(OperatorError) { seeds = try RandomSeeds(options) }

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try seeds.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    seeds.kernel(count: try node.output(0).shape.elementCount, picoseconds: 50_000) { bits in
      let (a, b) = PhiloxGenerator.normal(bits[0], bits[1])
      let (c, d) = PhiloxGenerator.normal(bits[2], bits[3])
      return SIMD4(a, b, c, d)
    }
  }
}
