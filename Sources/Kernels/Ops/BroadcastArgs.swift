public import TensorTypes

/// `BROADCAST_ARGS`: the shape that two shapes (vectors of `int32` or `int64`) broadcast to under NumPy's rule.
public struct BroadcastArgs: Operator {
  public static let definition = OperatorDefinition(.broadcastArgs, versions: 1...1)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    var length = 0
    for index in 0..<2 {
      try node.expectIndices(index)
      try node.expectSameElement(index)
      let shape = try node.input(index).shape
      guard shape.rank == 1 else { throw .malformed("input \(index) must be a vector, not shape \(shape)") }
      length = max(length, shape[0])
    }
    guard let shape = Shape([length]) else { throw .malformed("\(length) dimensions") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    try node.output(0).element == .int64 ? Self.kernel(Int64.self) : Self.kernel(Int32.self)
  }

  private static func kernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(_: T.Type) -> Kernel {
    Kernel { io throws(OperatorError) in
      let first = io.input(0, as: T.self)
      let second = io.input(1, as: T.self)
      var result = io.output(0, as: T.self)
      let rank = result.count
      for axis in 0..<rank {
        let a = axis < rank - first.count ? 1 : first[axis - (rank - first.count)]
        let b = axis < rank - second.count ? 1 : second[axis - (rank - second.count)]
        guard a == b || a == 1 || b == 1 else {
          throw .invalidValue("dimensions \(a) and \(b) do not broadcast")
        }
        result[axis] = a == 1 ? b : a
      }
    }
  }
}
