internal import CKernels
internal import FlatBuffers
public import TensorTypes

/// `WHERE`: the coordinates of all elements that are not zero, in order, as `int64` of shape `[count, rank]`.
///
/// `bool`, `float32`, `int8`, `uint8`, `int32`, `uint32` or `int64`.
public struct Where: Operator {
  public static let definition = OperatorDefinition(.where, versions: 1...2, options: 85)

  public init(options: OperatorOptions) {}

  /// What counts of an element's bits: minus zero is zero.
  private static func mask(_ element: ElementType) -> UInt64 { element == .float32 ? 0x7FFF_FFFF : .max }

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
    let bytesOfElement = input.element.bitWidth / 8
    // Safety: the bytes of all elements are there.
    let count = unsafe bytes.span.withUnsafeBytes {
      unsafe tflk_count_set($0.baseAddress, input.shape.elementCount, bytesOfElement, Self.mask(input.element))
    }
    guard let shape = Shape([count, input.shape.rank]) else { throw .malformed("\(count) coordinates") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let count = try node.output(0).shape[0]
    let rank = input.shape.rank
    let total = input.shape.elementCount
    let width = input.element.bitWidth / 8
    let sizes = input.shape.dimensions
    let mask = Self.mask(input.element)
    return Kernel { io throws(OperatorError) in
      let (source, target) = unsafe (io.inputBytes(0), io.outputBytes(0))
      guard source.count >= total * width, target.count >= count * rank * 8 else {
        throw .malformed("an operand is smaller than its shape")
      }
      // Safety: the kernel reads all elements and writes at most `count` coordinates.
      let found = unsafe sizes.withUnsafeBufferPointer { sizes in
        unsafe tflk_set_coordinates(
          source.baseAddress, width, mask, sizes.baseAddress, rank,
          target.baseAddress?.assumingMemoryBound(to: Int64.self), count)
      }
      guard found == count else { throw .invalidValue("\(found) elements are not zero, not \(count)") }
    }
  }
}
