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
    case .float32: return try kernel(node, FloatAccumulation.self)
    case .int32: return try kernel(node, IntegerAccumulation<Int32>.self)
    case .int64: return try kernel(node, IntegerAccumulation<Int64>.self)
    default: throw .unsupported("\(element) input; float32, int32 and int64 are supported")
    }
  }

  private func kernel<A: Accumulation>(_ node: NodeContext, _: A.Type) throws(OperatorError) -> Kernel {
    let input = try node.input(0).shape
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
          if inner == 1 {
            scan(io, A.self, slab * size..<(slab + 1) * size)
          } else {
            addRows(io, A.self, first: slab * size * inner, size: size, inner: inner)
          }
        }
      }
    }
  }

  /// The running sums of consecutive elements.
  @inline(__always)
  private func scan<A: Accumulation>(_ io: Operands, _: A.Type, _ elements: Range<Int>) {
    let x = io.input(0, as: A.Element.self, in: elements)
    var y = io.output(0, as: A.Element.self, in: elements)
    precondition(x.count == y.count)
    let last = x.count - 1
    var sum = isExclusive ? A.zero : x[isReversed ? last : 0]
    y[isReversed ? last : 0] = sum
    for step in 1..<x.count {
      let place = isReversed ? last &- step : step
      sum = A.add(sum, x[isExclusive ? (isReversed ? place &+ 1 : place &- 1) : place])
      y[place] = sum
    }
  }

  /// The running sums of `size` rows of `inner` elements.
  @inline(__always)
  private func addRows<A: Accumulation>(_ io: Operands, _: A.Type, first: Int, size: Int, inner: Int) {
    for step in 0..<size {
      let row = isReversed ? size - 1 - step : step
      let start = first + row * inner
      var y = io.output(0, as: A.Element.self, in: start..<start + inner)
      if step == 0, isExclusive {
        for i in y.indices { y[i] = A.zero }
        continue
      }
      let before = isReversed ? start + inner : start - inner
      let source = isExclusive ? before : start
      let x = io.input(0, as: A.Element.self, in: source..<source + inner)
      precondition(x.count == y.count)
      if step == 0 {
        for i in y.indices { y[i] = x[i] }
        continue
      }
      let sums = io.output(0, as: A.Element.self, in: before..<before + inner)
      precondition(sums.count == y.count)
      for i in y.indices { y[i] = A.add(sums[i], x[i]) }
    }
  }
}
