internal import FlatBuffers
public import TensorTypes

/// `UNIQUE`: the different elements of a vector in the order of their first appearance, and for each element of the vector the place of its
/// value among them.
///
/// `float32`, `int8`, `uint8`, `int16`, `int32` or `int64`; places are `int32` or `int64`, as the option says. The first output is as long as
/// there are different values. NaN has no order: as in TFLite a NaN at the start counts as equal to everything, one behind other values as
/// equal to the least value before it.
public struct Unique: Operator {
  public static let definition = OperatorDefinition(.unique, versions: 1...1, options: 80)

  package let indexElement: ElementType

  public init(options: OperatorOptions) throws(OperatorError) {
    indexElement = try options.elementType(0, default: .int32)
    guard indexElement == .int32 || indexElement == .int64 else {
      throw .malformed("indices of type \(indexElement); int32 and int64 are supported")
    }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1, outputs: 2)
    try node.expectSameElement()
    let input = try node.input(0)
    guard try node.output(1).element == indexElement else {
      throw .malformed("the indices must be \(indexElement), not \(try node.output(1).element)")
    }
    guard input.shape.rank == 1 else { throw .malformed("the input must be a vector, not \(input.shape)") }
    switch input.element {
    case .float32: return try shapes(node, Float.self)
    case .int8: return try shapes(node, Int8.self)
    case .uint8: return try shapes(node, UInt8.self)
    case .int16: return try shapes(node, Int16.self)
    case .int32: return try shapes(node, Int32.self)
    case .int64: return try shapes(node, Int64.self)
    default:
      throw .unsupported("\(input.element) input; float32, int8, uint8, int16, int32 and int64 are supported")
    }
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
    default: throw .unsupported("\(element) input; float32, int8, uint8, int16, int32 and int64 are supported")
    }
  }

  @inline(__always)
  private func shapes<T: BitwiseCopyable & Comparable>(_ node: NodeContext, _: T.Type) throws(OperatorError) -> [Shape]
  {
    let type = try node.input(0)
    let bytes = try node.bytes(0)
    let count = type.shape.elementCount
    guard let needed = type.byteCount, bytes.count >= needed else { throw .malformed("the input has too few bytes") }
    let values = (0..<count).map { index -> T in
      unsafe bytes.span.unsafeLoadUnaligned(fromByteOffset: index * MemoryLayout<T>.stride, as: T.self)
    }
    var order = [Int32](repeating: 0, count: count)
    var other = order
    var orderSpan = order.mutableSpan
    var otherSpan = other.mutableSpan
    Self.findFirst(values.span, &orderSpan, &otherSpan)
    var different = 0
    for i in 0..<count where orderSpan[i] == i { different += 1 }
    guard let shape = Shape([different]) else { throw .malformed("\(different) different values") }
    return [shape, type.shape]
  }

  @inline(__always)
  private func kernel<T: BitwiseCopyable & Comparable & Sendable>(
    _ node: NodeContext, _: T.Type
  ) throws(OperatorError) -> Kernel {
    let count = try node.input(0).shape.elementCount
    let different = try node.output(0).shape.elementCount
    let isWide = indexElement == .int64
    return Kernel(scratch: [count * 4, count * 4]) { io throws(OperatorError) in
      let x = io.input(0, as: T.self)
      var first = io.scratch(0, as: Int32.self, in: 0..<count)
      var place = io.scratch(1, as: Int32.self, in: 0..<count)
      Self.findFirst(x, &first, &place)
      var found = 0
      var y = io.output(0, as: T.self)
      for i in 0..<count {
        if first[i] == i {
          guard found < different else { throw .invalidValue("more than \(different) different values") }
          y[found] = x[i]
          place[i] = Int32(truncatingIfNeeded: found)
          found += 1
        } else {
          place[i] = place[Int(first[i])]
        }
      }
      guard found == different else { throw .invalidValue("\(found) different values, not \(different)") }
      if isWide {
        var indices = io.output(1, as: Int64.self, in: 0..<count)
        for i in indices.indices { indices[i] = Int64(place[i]) }
      } else {
        var indices = io.output(1, as: Int32.self, in: 0..<count)
        for i in indices.indices { indices[i] = place[i] }
      }
    }
  }

  /// Sets `first[i]` to the index of the first element that equals element `i`.
  ///
  /// Sorts indices by value and index, which takes as long for the worst input as for any other.
  @inline(__always)
  private static func findFirst<T: Comparable>(
    _ values: Span<T>, _ first: inout MutableSpan<Int32>, _ other: inout MutableSpan<Int32>
  ) {
    let count = values.count
    guard count > 0 else { return }
    if values[0] != values[0] {
      for i in 0..<count { first[i] = 0 }
      return
    }
    // What is no number goes behind everything.
    func isAfter(_ a: Int32, _ b: Int32) -> Bool {
      let (x, y) = (values[Int(a)], values[Int(b)])
      return y < x || (x != x && y == y)
    }
    for i in 0..<count { first[i] = Int32(truncatingIfNeeded: i) }
    sortIndices(&first, &other, count: count, isAfter: isAfter)
    // Runs of equal values begin with their first index.
    for i in 0..<count { other[i] = first[i] }
    var leader = other[0]
    for i in 0..<count {
      if values[Int(other[i])] != values[Int(leader)] { leader = other[i] }
      first[Int(other[i])] = leader
    }
    var least = 0
    for i in 0..<count {
      if values[i] != values[i] {
        first[i] = first[least]
      } else if values[i] < values[least] {
        least = i
      }
    }
  }
}
