public import TensorTypes

/// `RANDOM_UNIFORM`: random `float32` in [0, 1), in the shape that the input (a vector of `int32`) says.
///
/// With a seed, the first invocation of an interpreter gives the numbers that TFLite gives, and each further one those that follow; without
/// (both seeds 0) they differ from one interpreter to the next.
public struct RandomUniform: Operator {
  public static let definition = OperatorDefinition(.randomUniform, versions: 1...1, options: 114)

  private let seeds: RandomSeeds

  public init(options: OperatorOptions) throws(OperatorError) { seeds = try RandomSeeds(options) }

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try seeds.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    seeds.kernel(count: try node.output(0).shape.elementCount, picoseconds: 10_000) { bits in
      SIMD4(
        PhiloxGenerator.float(bits[0]), PhiloxGenerator.float(bits[1]), PhiloxGenerator.float(bits[2]),
        PhiloxGenerator.float(bits[3]))
    }
  }
}
