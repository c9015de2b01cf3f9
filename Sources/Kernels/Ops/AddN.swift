public import TensorTypes

/// `ADD_N`: the sum of two or more tensors of one shape and element type, `float32` or `int32` (wrapping).
///
/// Sums of `float32` are limited to the finite numbers: an infinity that is added becomes the largest one.
public struct AddN: Operator {
  public static let definition = OperatorDefinition(.addN, versions: 1...1, options: 82)

  public init(options: OperatorOptions) {}

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? {
    inputs.first.flatMap { $0 }.map { [$0.element] }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    guard node.inputs.count >= 2 else { throw .malformed("takes at least 2 inputs, not \(node.inputs.count)") }
    try node.expect(inputs: node.inputs.count)
    let first = try node.input(0)
    try node.expectOutput(first.element)
    guard first.element == .float32 || first.element == .int32 else {
      throw .unsupported("\(first.element) inputs; float32 and int32 are supported")
    }
    for index in 1..<node.inputs.count {
      let other = try node.input(index)
      guard other.shape == first.shape, other.element == first.element else {
        throw .malformed("input \(index) is \(other), input 0 is \(first); all must be the same")
      }
    }
    return [first.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    let count = type.shape.elementCount
    return type.element == .float32
      ? Self.kernel(try RealSum<Float>(.none), count: count)
      : Self.kernel(IntegerCombination<SumCombination, Int32>(), count: count)
  }

  private static func kernel<Sum: BinaryElementFunction>(_ sum: Sum, count: Int) -> Kernel
  where Sum.Left == Sum.Right, Sum.Right == Sum.Output {
    Kernel { io throws(OperatorError) in
      let inputs = io.inputCount
      try io.parallel(count, grain: 16384) { range in
        // Blocks that stay in the first cache while input after input is added.
        var start = range.lowerBound
        while start < range.upperBound {
          let block = start..<min(start + 4096, range.upperBound)
          var y = io.output(0, as: Sum.Output.self, in: block)
          let first = io.input(0, as: Sum.Left.self, in: block)
          precondition(first.count == y.count)
          for i in first.indices { y[i] = first[i] }
          for index in 1..<inputs {
            let x = io.input(index, as: Sum.Right.self, in: block)
            precondition(x.count == y.count)
            for i in x.indices { y[i] = sum.apply(y[i], x[i]) }
          }
          start = block.upperBound
        }
      }
    }
  }
}
