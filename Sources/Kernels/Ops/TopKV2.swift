public import TensorTypes

/// `TOPK_V2`: the `k` (input 1) greatest elements of each row and their indices, greatest first; of equal elements the first comes first.
///
/// `float32`, `int8`, `uint8`, `int16`, `int32` or `int64`; `k` is `int32` or `int16`. Indices are `int32` or `int16`.
public struct TopKV2: Operator {
  public static let definition = OperatorDefinition(.topkV2, versions: 1...3, options: 34)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2, outputs: 2)
    try node.expectSameElement()
    let indices = try node.output(1).element
    guard indices == .int32 || indices == .int16 else {
      throw .malformed("\(indices) indices; int32 and int16 are supported")
    }
    let input = try node.input(0).shape
    let countElement = try node.input(1).element
    guard countElement == .int32 || countElement == .int16 else {
      throw .malformed("k is \(countElement); int32 and int16 are supported")
    }
    let values = try node.integers(1)
    guard let size = input.last, values.count == 1, values[0] >= 0, values[0] <= size else {
      throw .malformed("the \(values) greatest elements of rows of shape \(input)")
    }
    guard let shape = Shape(input.dimensions.dropLast() + [values[0]]) else {
      throw .malformed("the result's shape is not valid")
    }
    return [shape, shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let element = try node.input(0).element
    switch element {
    case .float32: return try kernel(node, Float.self)
    case .int8: return try kernel(node, Int8.self)
    case .uint8: return try kernel(node, UInt8.self)
    case .int16: return try kernel(node, Int16.self)
    case .int32: return try kernel(node, Int32.self)
    case .int64: return try kernel(node, Int64.self)
    default:
      throw .unsupported("\(element) input; float32, int8, uint8, int16, int32 and int64 are supported")
    }
  }

  @inline(__always)
  private func kernel<T: BitwiseCopyable & Comparable & Sendable>(
    _ node: NodeContext, _: T.Type
  ) throws(OperatorError) -> Kernel {
    let output = try node.output(0).shape
    let isShort = try node.output(1).element == .int16
    guard output.elementCount > 0, let k = output.last, let size = try node.input(0).shape.last else {
      return Kernel { _ throws(OperatorError) in }
    }
    return Kernel(scratch: [output.elementCount * 4]) { io throws(OperatorError) in
      try io.parallel(output.elementCount / k, grain: max(1, 4096 / size)) { range in
        for row in range {
          let values = io.input(0, as: T.self, in: row * size..<(row + 1) * size)
          var heap = io.scratch(0, as: Int32.self, in: row * k..<(row + 1) * k)
          Self.select(values, &heap)
          var results = io.output(0, as: T.self, in: row * k..<(row + 1) * k)
          for i in results.indices { results[i] = values[Int(heap[i])] }
          if isShort {
            var indices = io.output(1, as: Int16.self, in: row * k..<(row + 1) * k)
            for i in indices.indices { indices[i] = Int16(truncatingIfNeeded: heap[i]) }
          } else {
            var indices = io.output(1, as: Int32.self, in: row * k..<(row + 1) * k)
            for i in indices.indices { indices[i] = heap[i] }
          }
        }
      }
    }
  }

  /// Fills `heap` with the indices of the greatest values, greatest first.
  @inline(__always)
  private static func select<T: Comparable>(_ values: Span<T>, _ heap: inout MutableSpan<Int32>) {
    let k = heap.count
    // The heap's root is the least of the values chosen so far.
    func isLess(_ a: Int32, _ b: Int32) -> Bool {
      let (x, y) = (values[Int(a)], values[Int(b)])
      return x < y || (!(y < x) && a > b)
    }
    func sink(_ heap: inout MutableSpan<Int32>, from start: Int, count: Int) {
      var place = start
      let item = heap[place]
      while true {
        var child = 2 * place + 1
        if child >= count { break }
        if child + 1 < count, isLess(heap[child + 1], heap[child]) { child += 1 }
        if !isLess(heap[child], item) { break }
        heap[place] = heap[child]
        place = child
      }
      heap[place] = item
    }
    for i in 0..<k { heap[i] = Int32(truncatingIfNeeded: i) }
    for start in stride(from: k / 2 - 1, through: 0, by: -1) { sink(&heap, from: start, count: k) }
    for i in k..<max(k, values.count) {
      let index = Int32(truncatingIfNeeded: i)
      if isLess(heap[0], index) {
        heap[0] = index
        sink(&heap, from: 0, count: k)
      }
    }
    for end in stride(from: k - 1, to: 0, by: -1) {
      let least = heap[0]
      heap[0] = heap[end]
      heap[end] = least
      sink(&heap, from: 0, count: end)
    }
  }
}
