public import TensorTypes

/// `CUMSUM`: running sums along the axis that input 1 (`int32`) names.
///
/// `float32`, `int32` and `int64` (which wrap). `exclusive` leaves out the element itself, `reverse` starts at the end.
public struct Cumsum: Operator {
  public static let definition = OperatorDefinition(.cumsum, versions: 1...1, options: 102)

  package let isExclusive: Bool
  package let isReversed: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    isExclusive = try options.bool(0)
    isReversed = try options.bool(1)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectSameElement()
    let axis = try node.input(1)
    guard axis.element == .int32, axis.shape.elementCount == 1 else {
      throw .malformed("the axis must be one int32, not \(axis)")
    }
    let input = try node.input(0).shape
    guard input.rank >= 1 else { throw .malformed("a scalar has no axis") }
    return [input]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let element = try node.input(0).element
    switch element {
    case .float32: return try kernel(node, Float.self, zero: 0) { $0 + $1 }
    case .int32: return try kernel(node, Int32.self, zero: 0) { $0 &+ $1 }
    case .int64: return try kernel(node, Int64.self, zero: 0) { $0 &+ $1 }
    default: throw .unsupported("\(element) input; float32, int32 and int64 are supported")
    }
  }

  @inline(__always)
  private func kernel<T: BitwiseCopyable & Sendable>(
    _ node: NodeContext, _: T.Type, zero: T, add: @escaping @Sendable (T, T) -> T
  ) throws(OperatorError) -> Kernel {
    let input = try node.input(0).shape
    let (isExclusive, isReversed) = (isExclusive, isReversed)
    return try .planned(node, values: [1]) { values throws(OperatorError) -> Int in
      guard values[0].count == 1, let axis = input.axis(values[0][0]) else {
        throw .malformed("axis \(values[0]) is not one axis of shape \(input)")
      }
      return axis
    } run: { io, axis throws(OperatorError) in
      guard input.elementCount > 0 else { return }
      let size = input[axis]
      let inner = input.product(axis + 1..<input.rank)
      try io.parallel(input.elementCount / (size * inner), grain: max(1, 16384 / (size * inner))) { range in
        for slab in range {
          let x = io.input(0, as: T.self, in: slab * size * inner..<(slab + 1) * size * inner)
          var y = io.output(0, as: T.self, in: slab * size * inner..<(slab + 1) * size * inner)
          for step in 0..<size {
            let row = isReversed ? size - 1 - step : step
            let before = (isReversed ? row + 1 : row - 1) * inner
            for i in 0..<inner {
              let sum = step == 0 ? zero : y[before + i]
              if isExclusive {
                y[row * inner + i] = step == 0 ? zero : add(sum, x[before + i])
              } else {
                y[row * inner + i] = step == 0 ? x[row * inner + i] : add(sum, x[row * inner + i])
              }
            }
          }
        }
      }
    }
  }
}
