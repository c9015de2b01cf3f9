internal import Glibc
public import TensorTypes

/// `SCATTER_ND`: zeros in the shape of input 2, to which the slices of the updates (input 1) are added at the coordinates in the last
/// dimension of input 0.
///
/// Indices and shape are `int32` or `int64`; updates `float32`, `int32`, `int64`, `int8`, `uint8` (which wrap) or `bool`. Indices must be
/// inside the shape when the kernel runs.
public struct ScatterNd: Operator {
  public static let definition = OperatorDefinition(.scatterNd, versions: 1...1, options: 97)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3)
    try node.expectIndices(0)
    try node.expectSameElement(1)
    try node.expectIndices(2)
    let dimensions = try node.integers(2)
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    let indices = try node.input(0).shape
    let updates = try node.input(1).shape
    guard let depth = indices.last, depth <= shape.rank,
      updates.dimensions == Array(indices.dimensions.dropLast() + shape.dimensions[depth...])
    else { throw .malformed("indices \(indices), updates \(updates) and shape \(shape) do not fit together") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let element = try node.input(1).element
    switch element {
    case .float32: return try kernel(node, FloatAccumulation.self)
    case .int32: return try kernel(node, IntegerAccumulation<Int32>.self)
    case .int64: return try kernel(node, IntegerAccumulation<Int64>.self)
    case .int8, .uint8: return try kernel(node, IntegerAccumulation<UInt8>.self)
    case .bool: return try kernel(node, BooleanAccumulation.self)
    default: throw .unsupported("\(element) updates; float32, int32, int64, int8, uint8 and bool are supported")
    }
  }

  private func kernel<A: Accumulation>(_ node: NodeContext, _: A.Type) throws(OperatorError) -> Kernel {
    let indices = try node.input(0)
    let output = try node.output(0).shape
    let depth = indices.shape.last ?? 0
    let length = output.elementCount == 0 ? 0 : output.product(depth..<output.rank)
    let count = length == 0 ? 0 : try node.input(1).shape.elementCount / length
    return Kernel { io throws(OperatorError) in
      var result = io.output(0, as: A.Element.self)
      for i in result.indices { result[i] = A.zero }
      for slice in 0..<count {
        var place = 0
        for axis in 0..<depth {
          let index = io.index(0, slice * depth + axis, indices.element)
          guard index >= 0, index < output[axis] else {
            throw .invalidValue("index \(index) is outside dimension \(axis) of size \(output[axis])")
          }
          place = place * output[axis] + index
        }
        let update = io.input(1, as: A.Element.self, in: slice * length..<(slice + 1) * length)
        var row = io.output(0, as: A.Element.self, in: place * length..<(place + 1) * length)
        precondition(row.count == update.count)
        for i in update.indices { row[i] = A.add(row[i], update[i]) }
      }
    }
  }
}
