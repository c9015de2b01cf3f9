internal import FlatBuffers
internal import TensorTypes

/// What `PAD` and `PADV2` share: borders of one value around a tensor.
struct ConstantPadding {
  /// The largest rank that TFLite's kernels take.
  static let maximumRank = 8

  let node: NodeContext

  /// The paddings before and after each dimension, from the values of input 1.
  static func axes(_ input: Shape, _ paddings: [Int]) throws(OperatorError) -> [BorderedAxis] {
    guard paddings.count == 2 * input.rank else {
      throw .malformed("paddings need \(2 * input.rank) values, not \(paddings.count)")
    }
    var axes: [BorderedAxis] = []
    for axis in 0..<input.rank {
      let before = paddings[2 * axis]
      let after = paddings[2 * axis + 1]
      guard before >= 0, after >= 0, before <= Int(Int32.max), after <= Int(Int32.max) else {
        throw .malformed("paddings \(before) and \(after) of dimension \(axis) must be from 0 to \(Int32.max)")
      }
      axes.append(BorderedAxis(size: input[axis], before: before, after: after))
    }
    return axes
  }

  func infer(inputs: Int) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: inputs)
    try node.expectSameElement()
    try node.expectIndices(1)
    let input = try node.input(0).shape
    guard input.rank <= Self.maximumRank else {
      throw .unsupported("rank \(input.rank); up to \(Self.maximumRank) is supported")
    }
    let paddings = try node.input(1).shape
    guard paddings.rank == 2, paddings.dimensions == [input.rank, 2] else {
      throw .malformed("paddings must have shape [\(input.rank), 2], not \(paddings)")
    }
    if inputs == 3 {
      try node.expectSameElement(2)
      let value = try node.input(2)
      guard value.shape.elementCount == 1 else { throw .malformed("the padding value must be one element") }
      let output = try node.output(0)
      if value.element.isNarrowInteger {
        guard value.quantization.scale == output.quantization.scale,
          value.quantization.zeroPoint == output.quantization.zeroPoint
        else { throw .malformed("the padding value is quantised differently from the output") }
      }
    }
    let axes = try Self.axes(input, try node.integers(1))
    guard let shape = Shape(axes.map(\.size)) else { throw .malformed("the padded shape is not valid") }
    return [shape]
  }

  func prepare() throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0)
    let hasValue = node.hasInput(2)
    let zeroPoint: UInt64
    switch output.element {
    case .int8, .uint8, .int16:
      let limits = output.element == .int8 ? -128...127 : output.element == .uint8 ? 0...255 : -32768...32767
      let value = output.quantization.zeroPoint ?? 0
      guard hasValue || limits.contains(value) else {
        throw .malformed("zero point \(value) is outside \(output.element)")
      }
      zeroPoint = UInt64(truncatingIfNeeded: value)
    default: zeroPoint = 0
    }
    let width = output.element.bitWidth / 8
    return try .planned(node, values: [1]) { values throws(OperatorError) in
      let axes = try Self.axes(input.shape, values[0])
      guard axes.map(\.size) == output.shape.dimensions else {
        throw .invalidValue("the paddings do not lead to shape \(output.shape)")
      }
      return try BorderedCopy(axes, element: input.element)
    } run: { io, copy throws(OperatorError) in
      var value = zeroPoint
      if hasValue {
        let bytes = io.input(2, as: UInt8.self)
        guard bytes.count >= width else { throw .malformed("the padding value has too few bytes") }
        value = 0
        for index in 0..<width { value |= UInt64(bytes[index]) << UInt64(8 * index) }
      }
      try copy.run(io, value: value)
    }
  }
}
