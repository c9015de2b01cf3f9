internal import TensorTypes

/// What `ARG_MAX` and `ARG_MIN` share: the index of an extreme element along an axis; the first of several, and never that of a NaN unless
/// there is nothing else.
struct ArgumentReduction {
  /// The type of the indices.
  let indexType: ElementType

  init(_ options: OperatorOptions) throws(OperatorError) {
    indexType = try options.elementType(0)
  }

  static func axis(_ input: Shape, _ values: [Int]) throws(OperatorError) -> Int {
    guard values.count == 1, let axis = input.axis(values[0]) else {
      throw .malformed("axis \(values) is not one axis of shape \(input)")
    }
    guard input[axis] > 0 else { throw .malformed("axis \(axis) of shape \(input) has no elements") }
    return axis
  }

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectIndices(1)
    let input = try node.input(0).shape
    let output = try node.output(0).element
    guard output == .int32 || output == .int64 else {
      throw .malformed("\(output) indices; int32 and int64 are supported")
    }
    var dimensions = input.dimensions
    dimensions.remove(at: try Self.axis(input, try node.integers(1)))
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    return [shape]
  }

  /// - Parameter isMaximum: whether the greatest element is wanted, not the least.
  func prepare(_ node: NodeContext, isMaximum: Bool) throws(OperatorError) -> Kernel {
    let element = try node.input(0).element
    switch element {
    case .float32:
      return isMaximum
        ? try kernel(node, Float.self) { $0 > $1 || (!$0.isNaN && $1.isNaN) }
        : try kernel(node, Float.self) { $0 < $1 || (!$0.isNaN && $1.isNaN) }
    case .int8:
      return isMaximum ? try kernel(node, Int8.self) { $0 > $1 } : try kernel(node, Int8.self) { $0 < $1 }
    case .uint8, .bool:
      return isMaximum ? try kernel(node, UInt8.self) { $0 > $1 } : try kernel(node, UInt8.self) { $0 < $1 }
    case .int16:
      return isMaximum ? try kernel(node, Int16.self) { $0 > $1 } : try kernel(node, Int16.self) { $0 < $1 }
    case .int32:
      return isMaximum ? try kernel(node, Int32.self) { $0 > $1 } : try kernel(node, Int32.self) { $0 < $1 }
    default:
      throw .unsupported("\(element) input; float32, int8, uint8, int16, int32 and bool are supported")
    }
  }

  @inline(__always)
  private func kernel<T: BitwiseCopyable & Sendable>(
    _ node: NodeContext, _: T.Type, better: @escaping @Sendable (T, T) -> Bool
  ) throws(OperatorError) -> Kernel {
    try node.output(0).element == .int64
      ? try kernel(node, T.self, Int64.self, better) : try kernel(node, T.self, Int32.self, better)
  }

  @inline(__always)
  private func kernel<T: BitwiseCopyable & Sendable, I: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ node: NodeContext, _: T.Type, _: I.Type, _ better: @escaping @Sendable (T, T) -> Bool
  ) throws(OperatorError) -> Kernel {
    let input = try node.input(0).shape
    let output = try node.output(0).shape
    let count = output.elementCount
    let planned = try Kernel.planned(node, values: [1]) { values throws(OperatorError) -> (size: Int, inner: Int) in
      let axis = try Self.axis(input, values[0])
      var dimensions = input.dimensions
      dimensions.remove(at: axis)
      guard dimensions == output.dimensions else {
        throw .invalidValue("axis \(axis) does not lead to shape \(output)")
      }
      return (input[axis], count == 0 ? 1 : input.product(axis + 1..<input.rank))
    } run: { io, plan throws(OperatorError) in
      let (size, inner) = plan
      if inner == 1 {
        try io.parallel(count, grain: max(1, 16384 / size)) { range in
          for row in range {
            let values = io.input(0, as: T.self, in: row * size..<(row + 1) * size)
            var results = io.output(0, as: I.self, in: row..<row + 1)
            var best = values[0]
            var place = 0
            for i in values.indices where better(values[i], best) {
              best = values[i]
              place = i
            }
            results[0] = I(truncatingIfNeeded: place)
          }
        }
        return
      }
      try io.parallel(count / inner, grain: max(1, 16384 / (size * inner))) { range in
        for slab in range {
          var results = io.output(0, as: I.self, in: slab * inner..<(slab + 1) * inner)
          var best = io.scratch(0, as: T.self, in: slab * inner..<(slab + 1) * inner)
          precondition(results.count == best.count)
          for row in 0..<size {
            let start = (slab * size + row) * inner
            let values = io.input(0, as: T.self, in: start..<start + inner)
            precondition(values.count == best.count)
            for i in values.indices where row == 0 || better(values[i], best[i]) {
              best[i] = values[i]
              results[i] = I(truncatingIfNeeded: row)
            }
          }
        }
      }
    }
    return Kernel(scratch: [count * MemoryLayout<T>.size], invoke: planned.invoke)
  }
}
