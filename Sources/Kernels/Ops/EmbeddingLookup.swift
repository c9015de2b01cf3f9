public import TensorTypes

/// `EMBEDDING_LOOKUP`: the rows of a table (input 1, rank at least 2) that a vector of `int32` (input 0) names.
///
/// Table and result have the same element type of fixed width; or the table is `int8`, `uint8`, `int4` or `int2`, quantised symmetrically
/// with one scale or one for each row, and the result is `float32` or `float16`. Rows must be inside the table when the kernel runs.
public struct EmbeddingLookup: Operator {
  public static let definition = OperatorDefinition(.embeddingLookup, versions: 1...5)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectFixedWidth(1)
    let lookup = try node.input(0)
    let table = try node.input(1)
    guard lookup.element == .int32, lookup.shape.rank == 1 else {
      throw .malformed("the lookup must be a vector of int32, not \(lookup)")
    }
    guard table.shape.rank >= 2 else {
      throw .malformed("the table must have at least two dimensions, not \(table.shape)")
    }
    let output = try node.output(0).element
    if output != table.element {
      guard output == .float32 || output == .float16, [.int8, .uint8, .int4, .int2].contains(table.element) else {
        throw .unsupported(
          "a \(table.element) table and a \(output) result; equal types, or int8, uint8, int4 and int2 to float are supported"
        )
      }
      switch table.quantization {
      case .perTensor(_, let zeroPoint):
        guard zeroPoint == 0 else { throw .unsupported("zero point \(zeroPoint); only 0 is supported") }
      case .perChannel(let scales, let zeroPoints, let axis):
        guard scales.count == 1 || (axis == 0 && scales.count == table.shape[0]) else {
          throw .malformed("\(scales.count) scales along axis \(axis) for a table of shape \(table.shape)")
        }
        guard zeroPoints.allSatisfy({ $0 == 0 }) else { throw .unsupported("a zero point other than 0") }
      case .blockwise: _ = try BlockwiseWeights(node, input: 1)
      case .none: throw .malformed("the table has no scale")
      }
    }
    guard let shape = Shape([lookup.shape[0]] + table.shape.dimensions.dropFirst()) else {
      throw .malformed("the result's shape is not valid")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let count = try node.input(0).shape.elementCount
    let table = try node.input(1)
    let output = try node.output(0)
    let rows = table.shape[0]
    guard output.shape.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    let length = table.shape.product(1..<table.shape.rank)
    let places = RowPlaces(input: 0, element: .int32, sizes: [rows])
    @Sendable func check(_ io: Operands) throws(OperatorError) {
      try places.check(io, count: count) { row, _ in "row \(row) is outside a table of \(rows) rows" }
    }
    if output.element == table.element {
      let gather = try RowGather(length: length, element: table.element, input: table.shape, output: output.shape)
      return Kernel { io throws(OperatorError) in
        try check(io)
        try gather.run(io, input: 1, places: places, count: count)
      }
    }
    if case .blockwise = table.quantization {
      let weights = try BlockwiseWeights(node, input: 1)
      let bits = table.element.bitWidth
      let isHalf = output.element == .float16
      return Kernel { io throws(OperatorError) in
        try check(io)
        for item in 0..<count {
          let row = Int(io.input(0, as: Int32.self)[item])
          // A row is a multiple of the block, and blocks begin at whole bytes in LiteRT's kernel.
          for block in 0..<weights.blocksPerRow {
            let start = item * length + block * weights.blockSize
            let scale = weights.scale(row, block)
            let piece = row * weights.blocksPerRow + block
            if isHalf {
              var result = io.output(0, as: Float16.self, in: start..<start + weights.blockSize)
              Self.dequantize(io, row: piece, length: weights.blockSize, bits: bits, scale: scale) {
                result[$0] = Float16($1)
              }
            } else {
              var result = io.output(0, as: Float.self, in: start..<start + weights.blockSize)
              Self.dequantize(io, row: piece, length: weights.blockSize, bits: bits, scale: scale) { result[$0] = $1 }
            }
          }
        }
      }
    }
    let scales: [Float]
    switch table.quantization {
    case .perTensor(let scale, _): scales = [scale]
    case .perChannel(let values, _, _): scales = values
    case .none, .blockwise: scales = []
    }
    guard !scales.isEmpty else { throw .malformed("the table has no scale") }
    let bits = table.element.bitWidth
    let isHalf = output.element == .float16
    return Kernel { io throws(OperatorError) in
      try check(io)
      try io.parallel(count, grain: max(1, 16384 / length)) { range in
        for item in range {
          let row = Int(io.input(0, as: Int32.self)[item])
          let scale = scales.count == 1 ? scales[0] : scales[row]
          if isHalf {
            var result = io.output(0, as: Float16.self, in: item * length..<(item + 1) * length)
            Self.dequantize(io, row: row, length: length, bits: bits, scale: scale) { result[$0] = Float16($1) }
          } else {
            var result = io.output(0, as: Float.self, in: item * length..<(item + 1) * length)
            Self.dequantize(io, row: row, length: length, bits: bits, scale: scale) { result[$0] = $1 }
          }
        }
      }
    }
  }

  /// Packed rows start at a whole byte, as in TFLite: with an odd length, the one that holds the row's first element.
  @inline(__always)
  private static func dequantize(
    _ io: Operands, row: Int, length: Int, bits: Int, scale: Float, _ store: (Int, Float) -> Void
  ) {
    switch bits {
    case 8:
      let values = io.input(1, as: Int8.self, in: row * length..<(row + 1) * length)
      for i in values.indices { store(i, Float(values[i]) * scale) }
    case 4:
      let start = row * length / 2
      let values = io.input(1, as: Int8.self, in: start..<start + (length + 1) / 2)
      for i in 0..<length {
        let byte = values[i >> 1]
        store(i, Float(i & 1 == 0 ? (byte << 4) >> 4 : byte >> 4) * scale)
      }
    default:
      let start = row * length / 4
      let values = io.input(1, as: Int8.self, in: start..<start + (length + 3) / 4)
      for i in 0..<length { store(i, Float((values[i >> 2] << Int8(6 - 2 * (i & 3))) >> 6) * scale) }
    }
  }
}
