public import TensorTypes

/// `GATHER_ND`: slices of the input at coordinates; the last dimension of input 1 holds the leading coordinates of one slice.
///
/// The result's shape is `indices[..<last] + input[n...]` where `n` is the last dimension of the indices. Any element type of fixed width;
/// indices are `int16`, `int32` or `int64` and must be inside the input when the kernel runs.
public struct GatherNd: Operator {
  public static let definition = OperatorDefinition(.gatherNd, versions: 1...6, options: 83)

  public init(options: OperatorOptions) {}

  public var movedInput: Int? { 0 }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectFixedWidth()
    try node.expectSameElement()
    let input = try node.input(0).shape
    let indices = try node.input(1)
    guard [.int16, .int32, .int64].contains(indices.element) else {
      throw .unsupported("\(indices.element) indices; int16, int32 and int64 are supported")
    }
    guard input.rank >= 1, let depth = indices.shape.last, depth <= input.rank else {
      throw .malformed("indices of shape \(indices.shape) do not fit an input of shape \(input)")
    }
    let dimensions = indices.shape.dimensions.dropLast() + input.dimensions[depth...]
    guard let shape = Shape(Array(dimensions)) else { throw .malformed("the result's shape is not valid") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let indices = try node.input(1)
    let output = try node.output(0).shape
    guard output.elementCount > 0, let depth = indices.shape.last else {
      return Kernel { _ throws(OperatorError) in }
    }
    let length = input.shape.product(depth..<input.shape.rank)
    let count = output.elementCount / length
    let sizes = Array(input.shape.dimensions[..<depth])
    let places = RowPlaces(input: 1, element: indices.element, sizes: sizes)
    let rows = try RowGather(length: length, element: input.element, input: input.shape, output: output)
    return Kernel { io throws(OperatorError) in
      try places.check(io, count: count) { index, axis in
        "index \(index) is outside dimension \(axis) of size \(sizes[axis])"
      }
      try rows.run(io, input: 0, places: places, count: count)
    }
  }
}
