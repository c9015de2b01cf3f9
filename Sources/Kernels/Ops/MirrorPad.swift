public import TensorTypes

/// `MIRROR_PAD`: borders that mirror the tensor, with (`SYMMETRIC`) or without (`REFLECT`) its edge.
///
/// Input 1 has shape `[rank, 2]`, `int32` or `int64`: elements before and after each dimension, at most its size (less one when
/// reflecting). Elements of one to eight bytes.
public struct MirrorPad: Operator {
  public static let definition = OperatorDefinition(.mirrorPad, versions: 1...3, options: 77)

  /// The schema's `MirrorPadMode`.
  package enum Mode: Int8, Sendable {
    case reflect = 0
    case symmetric = 1
  }

  package let mode: Mode

  public init(options: OperatorOptions) throws(OperatorError) {
    let raw = try options.int8(0)
    guard let mode = Mode(rawValue: raw) else { throw .malformed("\(raw) is not a mirror pad mode") }
    self.mode = mode
  }

  private func axes(_ input: Shape, _ paddings: [Int]) throws(OperatorError) -> [BorderedAxis] {
    guard paddings.count == 2 * input.rank else {
      throw .malformed("paddings need \(2 * input.rank) values, not \(paddings.count)")
    }
    let offset = mode == .reflect ? 1 : 0
    var axes: [BorderedAxis] = []
    for axis in 0..<input.rank {
      let before = paddings[2 * axis]
      let after = paddings[2 * axis + 1]
      let limit = max(0, input[axis] - offset)
      guard (0...limit).contains(before), (0...limit).contains(after) else {
        throw .malformed("paddings \(before) and \(after) of dimension \(axis) must be from 0 to \(limit)")
      }
      axes.append(BorderedAxis(size: input[axis], mirrored: before, after, offset: offset))
    }
    return axes
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectSameElement()
    try node.expectIndices(1)
    let input = try node.input(0).shape
    let paddings = try node.input(1).shape
    guard paddings.dimensions == [input.rank, 2] else {
      throw .malformed("paddings must have shape [\(input.rank), 2], not \(paddings)")
    }
    guard let shape = Shape(try axes(input, try node.integers(1)).map(\.size)) else {
      throw .malformed("the padded shape is not valid")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0).shape
    return try .planned(node, values: [1]) { values throws(OperatorError) -> BorderedCopy in
      let axes = try self.axes(input.shape, values[0])
      guard axes.map(\.size) == output.dimensions else {
        throw .invalidValue("the paddings do not lead to shape \(output)")
      }
      return try BorderedCopy(axes, element: input.element)
    } run: { io, copy throws(OperatorError) in
      try copy.run(io, value: 0)
    }
  }
}
