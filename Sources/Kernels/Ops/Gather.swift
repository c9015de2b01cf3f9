public import TensorTypes

/// `GATHER`: slices of the input along an axis, at the positions that input 1 names.
///
/// The result's shape is `input[..<axis] + positions[batch_dims...] + input[(axis + 1)...]`. Any element type of fixed width; positions are
/// `int16`, `int32` or `int64` and must be inside the axis when the kernel runs.
public struct Gather: Operator {
  public static let definition = OperatorDefinition(.gather, versions: 1...8, options: 23)

  /// The axis, counted from the end when negative.
  package let axis: Int
  /// Leading dimensions that input and positions have in common, counted from the positions' rank when negative.
  package let batchDimensions: Int

  public init(options: OperatorOptions) throws(OperatorError) {
    axis = Int(try options.int32(0))
    batchDimensions = Int(try options.int32(1))
  }

  private func resolve(_ input: Shape, _ positions: Shape) throws(OperatorError) -> (axis: Int, batch: Int) {
    guard let axis = input.axis(axis) else { throw .malformed("axis \(axis) is outside rank \(input.rank)") }
    let batch = batchDimensions < 0 ? batchDimensions + positions.rank : batchDimensions
    guard batch >= 0, batch <= axis, batch <= positions.rank else {
      throw .malformed("\(batchDimensions) batch dimensions for axis \(axis) and positions of shape \(positions)")
    }
    for index in 0..<batch where input[index] != positions[index] {
      throw .malformed("\(input) and \(positions) differ in batch dimension \(index)")
    }
    return (axis, batch)
  }

  public var movedInput: Int? { 0 }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectFixedWidth()
    try node.expectSameElement()
    let input = try node.input(0).shape
    let positions = try node.input(1)
    guard [.int16, .int32, .int64].contains(positions.element) else {
      throw .unsupported("\(positions.element) positions; int16, int32 and int64 are supported")
    }
    let (axis, batch) = try resolve(input, positions.shape)
    let dimensions =
      input.dimensions[..<axis] + positions.shape.dimensions[batch...] + input.dimensions[(axis + 1)...]
    guard let shape = Shape(Array(dimensions)) else { throw .malformed("the result's shape is not valid") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let positions = try node.input(1)
    let output = try node.output(0).shape
    let (axis, batch) = try resolve(input.shape, positions.shape)
    guard output.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    let outer = input.shape.product(batch..<axis)
    let count = positions.shape.product(batch..<positions.shape.rank)
    let inner = input.shape.product(axis + 1..<input.shape.rank)
    let size = input.shape[axis]
    let total = positions.shape.elementCount
    let places = RowPlaces(input: 1, element: positions.element, sizes: [size])
    let rows = try RowGather(length: inner, element: input.element, input: input.shape, output: output)
    let slabs = input.shape.product(0..<axis)
    return Kernel { io throws(OperatorError) in
      try places.check(io, count: total) { position, _ in
        "position \(position) is outside the axis of size \(size)"
      }
      try rows.run(io, input: 0, places: places, count: count, slabs: slabs, repeats: outer)
    }
  }
}
