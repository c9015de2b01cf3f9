public import TensorTypes

/// `SPARSE_TO_DENSE`: a tensor of the shape in input 1 filled with the default value (input 3), except at the coordinates in input 0, where
/// the values (input 2) stand.
///
/// Coordinates are `int32` or `int64`: a scalar or vector for an output of one dimension, otherwise `[count, rank]` for up to four. Values
/// are one for each coordinate, or a scalar for all; `float32`, `int32`, `int64`, `int8` or `uint8`, as the default value and the output.
/// Of several values for one element the last stays. Coordinates must be inside the shape when the kernel runs.
public struct SparseToDense: Operator {
  public static let definition = OperatorDefinition(.sparseToDense, versions: 1...3, options: 50)

  public init(options: OperatorOptions) {}

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? {
    guard inputs.count > 2, let values = inputs[2] else { return nil }
    return [values.element]
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 4)
    try node.expectIndices(0)
    try node.expectIndices(1)
    try node.expectSameElement(2)
    try node.expectSameElement(3)
    let values = try node.input(2)
    guard [.float32, .int32, .int64, .int8, .uint8].contains(values.element) else {
      throw .unsupported("\(values.element) values; float32, int32, int64, int8 and uint8 are supported")
    }
    let indices = try node.input(0).shape
    let size = try node.input(1).shape
    guard try node.input(3).shape.elementCount == 1 else { throw .malformed("the default value must be one element") }
    guard indices.rank <= 2, size.rank == 1, values.shape.rank <= 1 else {
      throw .malformed("coordinates \(indices), shape \(size) and values \(values.shape) have too many dimensions")
    }
    let rank = indices.rank == 2 ? indices[1] : 1
    let count = indices.rank == 2 ? indices[0] : indices.elementCount
    guard size[0] == rank, values.shape.rank == 0 || values.shape.elementCount == count else {
      throw .malformed("coordinates \(indices), shape \(size) and values \(values.shape) do not fit together")
    }
    guard rank <= 4 else { throw .unsupported("coordinates of \(rank) dimensions; up to 4 are supported") }
    let dimensions = try node.integers(1)
    guard let shape = Shape(dimensions) else { throw .invalidValue("\(dimensions) is not a valid shape") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let element = try node.input(2).element
    switch element.bitWidth {
    case 8: return try kernel(node, UInt8.self)
    case 32: return try kernel(node, UInt32.self)
    case 64: return try kernel(node, UInt64.self)
    default: throw .unsupported("\(element) values; float32, int32, int64, int8 and uint8 are supported")
    }
  }

  @inline(__always)
  private func kernel<T: BitwiseCopyable & Sendable>(_ node: NodeContext, _: T.Type) throws(OperatorError) -> Kernel {
    let indices = try node.input(0)
    let output = try node.output(0).shape
    let count = indices.shape.rank == 2 ? indices.shape[0] : indices.shape.elementCount
    let step = try node.input(2).shape.rank == 0 ? 0 : 1
    return Kernel { io throws(OperatorError) in
      try io.parallel(output.elementCount, grain: 32768) { range in
        let value = io.input(3, as: T.self)[0]
        var y = io.output(0, as: T.self, in: range)
        for i in y.indices { y[i] = value }
      }
      let values = io.input(2, as: T.self)
      var y = io.output(0, as: T.self)
      for item in 0..<count {
        var place = 0
        for axis in 0..<output.rank {
          let index = io.index(0, item * output.rank + axis, indices.element)
          guard index >= 0, index < output[axis] else {
            throw .invalidValue("coordinate \(index) is outside dimension \(axis) of size \(output[axis])")
          }
          place = place * output[axis] + index
        }
        y[place] = values[item * step]
      }
    }
  }
}
