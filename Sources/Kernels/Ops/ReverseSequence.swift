public import TensorTypes

/// `REVERSE_SEQUENCE`: for each index of the batch dimension, the first `lengths[index]` slices along the sequence dimension in reverse
/// order, the others unchanged.
///
/// Inputs: a tensor of `float32`, `int32`, `int64`, `int16` or `uint8`; and one length for each index of the batch dimension, `int32` or
/// `int64`, at most the size of the sequence dimension. A length below 1 reverses nothing.
public struct ReverseSequence: Operator {
  public static let definition = OperatorDefinition(.reverseSequence, versions: 1...1, options: 87)

  package let sequenceDimension: Int32
  package let batchDimension: Int32

  public init(options: OperatorOptions) throws(OperatorError) {
    sequenceDimension = try options.int32(0)
    batchDimension = try options.int32(1)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectSameElement()
    try node.expectIndices(1)
    let input = try node.input(0)
    guard [.float32, .int32, .int64, .int16, .uint8].contains(input.element) else {
      throw .unsupported("\(input.element) input; float32, int32, int64, int16 and uint8 are supported")
    }
    let rank = input.shape.rank
    guard sequenceDimension >= 0, sequenceDimension < rank, batchDimension >= 0, batchDimension < rank,
      sequenceDimension != batchDimension
    else {
      throw .malformed(
        "sequences along dimension \(sequenceDimension) and batches along \(batchDimension) of a tensor \(input.shape)")
    }
    let lengths = try node.input(1).shape
    guard lengths.dimensions == [input.shape[Int(batchDimension)]] else {
      throw .malformed("lengths \(lengths) for dimension \(batchDimension) of a tensor \(input.shape)")
    }
    return [input.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let lengths = try node.input(1)
    let shape = input.shape
    guard shape.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    let (sequence, batch) = (Int(sequenceDimension), Int(batchDimension))
    let size = shape[sequence]
    // Rows are what lies behind both dimensions; strides count rows.
    let innermost = max(sequence, batch)
    let length = shape.product(innermost + 1..<shape.rank)
    let sequenceStride = shape.product(sequence + 1..<innermost + 1)
    let batchStride = shape.product(batch + 1..<innermost + 1)
    let batchSize = shape[batch]
    let gather = try RowGather(length: length, element: input.element, input: shape, output: shape)
    return Kernel { io throws(OperatorError) in
      for index in 0..<batchSize {
        let count = io.index(1, index, lengths.element)
        guard count <= size else {
          throw .invalidValue("length \(count) is above the size \(size) of dimension \(sequence)")
        }
      }
      try gather.run(io, input: 0, rows: shape.elementCount / length) { row in
        let place = row / sequenceStride % size
        let count = io.index(1, row / batchStride % batchSize, lengths.element)
        return place < count ? row + (count - 1 - 2 * place) * sequenceStride : row
      }
    }
  }
}
