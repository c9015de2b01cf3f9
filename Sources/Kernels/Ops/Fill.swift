internal import Glibc
public import TensorTypes

/// `FILL`: the scalar of input 1 in every element of the shape that input 0 (`int32` or `int64`) holds.
///
/// Elements of one to eight bytes.
public struct Fill: Operator {
  public static let definition = OperatorDefinition(.fill, versions: 1...5, options: 68)

  public init(options: OperatorOptions) {}

  public var movedInput: Int? { 1 }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectIndices(0)
    try node.expectSameElement(1)
    let value = try node.input(1)
    guard value.element.bitWidth >= 8, value.element.bitWidth <= 64 else {
      throw .unsupported("\(value.element) elements; elements of one to eight bytes are supported")
    }
    guard value.shape.rank == 0 else { throw .malformed("the value must be a scalar, not \(value)") }
    guard try node.input(0).shape.rank == 1 else { throw .malformed("the shape must be a vector") }
    let dimensions = try node.integers(0)
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let width = try node.output(0).element.bitWidth / 8
    let count = try node.output(0).shape.elementCount
    return Kernel { io throws(OperatorError) in
      let bytes = io.input(1, as: UInt8.self)
      guard bytes.count >= width, unsafe io.outputBytes(0).count >= count * width else {
        throw .malformed("an operand is smaller than its shape")
      }
      var value: UInt64 = 0
      for index in 0..<width { value |= UInt64(bytes[index]) << UInt64(8 * index) }
      let element = value
      try io.parallel(count, grain: 1 << 16) { range in
        guard let target = unsafe io.outputBytes(0).baseAddress else { return }
        // Safety: the output has `count` elements, checked above.
        unsafe fillElements(target + range.lowerBound * width, bytes: range.count * width, width: width, value: element)
      }
    }
  }
}
