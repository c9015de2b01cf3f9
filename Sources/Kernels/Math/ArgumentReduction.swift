internal import CKernels
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
    let type: tflk_argument_type
    let flip: UInt32
    switch element {
    case .float32: (type, flip) = (TFLK_ARGUMENT_FLOAT32, isMaximum ? 0 : 0x8000_0000)
    case .int8: (type, flip) = (TFLK_ARGUMENT_BYTE, isMaximum ? 0x80 : 0x7F)
    case .uint8, .bool: (type, flip) = (TFLK_ARGUMENT_BYTE, isMaximum ? 0 : 0xFF)
    case .int16: (type, flip) = (TFLK_ARGUMENT_INT16, isMaximum ? 0 : 0xFFFF)
    case .int32: (type, flip) = (TFLK_ARGUMENT_INT32, isMaximum ? 0 : 0xFFFF_FFFF)
    default:
      throw .unsupported("\(element) input; float32, int8, uint8, int16, int32 and bool are supported")
    }
    let isWide = try node.output(0).element == .int64
    let width = element.bitWidth / 8
    let indexWidth = isWide ? 8 : 4
    let input = try node.input(0).shape
    let output = try node.output(0).shape
    let count = output.elementCount
    return try .planned(node, values: [1]) { values throws(OperatorError) -> (size: Int, inner: Int) in
      let axis = try Self.axis(input, values[0])
      var dimensions = input.dimensions
      dimensions.remove(at: axis)
      guard dimensions == output.dimensions else {
        throw .invalidValue("axis \(axis) does not lead to shape \(output)")
      }
      return (input[axis], count == 0 ? 1 : input.product(axis + 1..<input.rank))
    } run: { io, plan throws(OperatorError) in
      let (size, inner) = plan
      guard count > 0 else { return }
      guard unsafe io.inputBytes(0).count >= count * size * width, unsafe io.outputBytes(0).count >= count * indexWidth
      else { throw .malformed("an operand is smaller than its shape") }
      if inner == 1 {
        try io.forEachTile(of: tileSize(of: count, operations: size + 16, picoseconds: 200), in: count) { rows in
          guard let x = unsafe io.inputBytes(0).baseAddress, let y = unsafe io.outputBytes(0).baseAddress else {
            return
          }
          // Safety: both have the bytes of all rows.
          unsafe tflk_argument_of_rows(
            type, x + rows.lowerBound * size * width, rows.count, size, flip, isWide, y + rows.lowerBound * indexWidth)
        }
        return
      }
      // Wide slabs are cut, in multiples of what the kernel takes at once.
      let strip = min(inner, 4096)
      let strips = (inner - 1) / strip + 1
      let slabs = count / inner
      let tile = tileSize(of: slabs * strips, operations: strip * size, picoseconds: 300)
      try io.forEachTile(of: tile, in: slabs * strips) { range in
        guard let x = unsafe io.inputBytes(0).baseAddress, let y = unsafe io.outputBytes(0).baseAddress else { return }
        for index in range {
          let (slab, part) = index.quotientAndRemainder(dividingBy: strips)
          let first = part * strip
          // Safety: both have the bytes of all slabs.
          unsafe tflk_argument_of_columns(
            type, x + (slab * size * inner + first) * width, size, inner, min(strip, inner - first), flip, isWide,
            y + (slab * inner + first) * indexWidth)
        }
      }
    }
  }
}
