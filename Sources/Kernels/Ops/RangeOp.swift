internal import FlatBuffers
public import TensorTypes

/// `RANGE`: the numbers from input 0 up to (not including) input 1 in steps of input 2.
///
/// Scalars of `int32`, `int64` or `float32`. Floats are made by repeated addition.
public struct RangeOp: Operator {
  public static let definition = OperatorDefinition(.range, versions: 1...2, options: 73)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3)
    let element = try node.input(0).element
    for index in 0..<3 {
      try node.expectSameElement(index)
      guard try node.input(index).shape.elementCount == 1 else { throw .malformed("input \(index) must be a scalar") }
    }
    let count: Int
    switch element {
    case .int32, .int64:
      count = try Self.count(try node.integers(0)[0], try node.integers(1)[0], try node.integers(2)[0])
    case .float32:
      count = try Self.count(try float(node, 0), try float(node, 1), try float(node, 2))
    default: throw .unsupported("\(element) numbers; int32, int64 and float32 are supported")
    }
    guard let shape = Shape([count]) else { throw .malformed("a range of \(count) numbers") }
    return [shape]
  }

  private func float(_ node: NodeContext, _ index: Int) throws(OperatorError) -> Float {
    let bytes = try node.bytes(index)
    guard bytes.count >= 4 else { throw .malformed("input \(index) has too few bytes") }
    return unsafe bytes.span.unsafeLoadUnaligned(fromByteOffset: 0, as: Float.self)
  }

  private static func count(_ start: Int, _ limit: Int, _ step: Int) throws(OperatorError) -> Int {
    let (distance, overflow) = limit.subtractingReportingOverflow(start)
    guard step != 0, !overflow, distance == 0 || (distance > 0) == (step > 0), step > Int.min, distance > Int.min else {
      throw .invalidValue("a range from \(start) to \(limit) in steps of \(step)")
    }
    let whole = abs(distance) / abs(step)
    return abs(distance) % abs(step) == 0 ? whole : whole + 1
  }

  private static func count(_ start: Float, _ limit: Float, _ step: Float) throws(OperatorError) -> Int {
    guard (start >= limit && step < 0) || (start <= limit && step > 0) else {
      throw .invalidValue("a range from \(start) to \(limit) in steps of \(step)")
    }
    let count = abs((limit - start) / step).rounded(.up)
    guard count < 0x1p31 else { throw .invalidValue("a range of \(count) numbers") }
    return Int(count)
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let element = try node.output(0).element
    switch element {
    case .float32:
      return Kernel { io throws(OperatorError) in
        let step = io.input(2, as: Float.self)[0]
        var value = io.input(0, as: Float.self)[0]
        var result = io.output(0, as: Float.self)
        for i in result.indices {
          result[i] = value
          value += step
        }
      }
    case .int32: return Self.integers(Int32.self)
    case .int64: return Self.integers(Int64.self)
    default: throw .unsupported("\(element) numbers; int32, int64 and float32 are supported")
    }
  }

  private static func integers<T: FixedWidthInteger & BitwiseCopyable & Sendable>(_: T.Type) -> Kernel {
    Kernel { io throws(OperatorError) in
      let step = io.input(2, as: T.self)[0]
      var value = io.input(0, as: T.self)[0]
      var result = io.output(0, as: T.self)
      for i in result.indices {
        result[i] = value
        value = value &+ step
      }
    }
  }
}
