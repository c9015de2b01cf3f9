internal import FlatBuffers
public import TensorTypes

/// `WHERE`: the coordinates of all elements that are not zero, in order, as `int64` of shape `[count, rank]`.
///
/// `bool`, `float32`, `int8`, `uint8`, `int32`, `uint32` or `int64`.
public struct Where: Operator {
  public static let definition = OperatorDefinition(.where, versions: 1...2, options: 85)

  public init(options: OperatorOptions) {}

  /// Calls `body` for the place of each element that is not zero.
  private static func forEach(_ bytes: RawSpan, _ element: ElementType, _ body: (Int) -> Void) {
    let width = element.bitWidth / 8
    for place in 0..<bytes.byteCount / width {
      var bits: UInt64 = 0
      for index in 0..<width {
        let byte = unsafe bytes.unsafeLoad(fromByteOffset: place * width + index, as: UInt8.self)
        bits |= UInt64(byte) << UInt64(8 * index)
      }
      // Minus zero is zero.
      if element == .float32 ? bits & 0x7FFF_FFFF != 0 : bits != 0 { body(place) }
    }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    let input = try node.input(0)
    guard [.bool, .float32, .int8, .uint8, .int32, .uint32, .int64].contains(input.element) else {
      throw .unsupported("\(input.element) input; bool, float32, int8, uint8, int32, uint32 and int64 are supported")
    }
    guard input.shape.rank > 0 else { throw .malformed("the input must have at least one dimension") }
    guard try node.output(0).element == .int64 else { throw .malformed("the result must be int64") }
    let bytes = try node.bytes(0)
    guard let needed = input.byteCount, bytes.count >= needed else { throw .malformed("the input has too few bytes") }
    var count = 0
    Self.forEach(bytes.span, input.element) { _ in count += 1 }
    guard let shape = Shape([count, input.shape.rank]) else { throw .malformed("\(count) coordinates") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let count = try node.output(0).shape[0]
    let rank = input.shape.rank
    let strides = input.shape.strides
    return Kernel { io throws(OperatorError) in
      var row = 0
      let bytes = io.input(0, as: UInt8.self)
      unsafe Self.forEach(bytes.bytes, input.element) { place in
        if row < count {
          var result = io.output(0, as: Int64.self, in: row * rank..<(row + 1) * rank)
          var rest = place
          for axis in 0..<rank {
            result[axis] = Int64(rest / strides[axis])
            rest %= strides[axis]
          }
        }
        row += 1
      }
      guard row == count else { throw .invalidValue("\(row) elements are not zero, not \(count)") }
    }
  }
}
