public import TensorTypes

/// `EMBEDDING_LOOKUP_SPARSE`: weighted sums of table rows, one for each row of a sparse tensor.
///
/// Inputs: the rows that are looked up (`int32[count]`), the coordinates at which each stands in the sparse tensor (`int32[count, rank]`,
/// rank at least 1), the sparse tensor's shape (`int32[rank]`), the weights (`float32[count]`), the table (`float32`, at least two
/// dimensions). The last coordinate is summed over: the output is `[shape without its last dimension..., table without its first...]`.
/// The combiner divides each run of lookups for one output by nothing, the sum of the weights, or the root of the sum of their squares.
/// Rows and coordinates must be inside the table and the shape when the kernel runs.
public struct EmbeddingLookupSparse: Operator {
  public static let definition = OperatorDefinition(.embeddingLookupSparse, versions: 1...1, options: 20)

  /// How weighted rows become one. Raw values are the schema's `CombinerType`.
  package enum Combiner: Int8, Sendable {
    case sum = 0
    case mean = 1
    case squareRoot = 2
  }

  package let combiner: Combiner

  public init(options: OperatorOptions) throws(OperatorError) {
    let raw = try options.int8(0)
    guard let combiner = Combiner(rawValue: raw) else { throw .malformed("\(raw) is not a combiner") }
    self.combiner = combiner
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 5)
    try node.expectOutput(.float32)
    let rows = try node.input(0)
    let places = try node.input(1)
    let size = try node.input(2)
    let weights = try node.input(3)
    let table = try node.input(4)
    guard rows.element == .int32, places.element == .int32, size.element == .int32 else {
      throw .malformed("rows \(rows), coordinates \(places) and shape \(size) must be int32")
    }
    guard weights.element == .float32, table.element == .float32 else {
      throw .unsupported("\(weights.element) weights and a \(table.element) table; float32 is supported")
    }
    guard rows.shape.rank == 1, places.shape.rank == 2, size.shape.rank == 1, table.shape.rank >= 2,
      places.shape[0] == rows.shape[0], weights.shape == rows.shape, size.shape[0] == places.shape[1],
      places.shape[1] >= 1
    else {
      throw .malformed(
        "rows \(rows.shape), coordinates \(places.shape), shape \(size.shape), weights \(weights.shape) and table \(table.shape) do not fit together"
      )
    }
    let dimensions = try node.integers(2)
    guard let shape = Shape(dimensions.dropLast() + table.shape.dimensions.dropFirst()) else {
      throw .invalidValue("\(dimensions) is not a valid shape")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let places = try node.input(1).shape
    let table = try node.input(4).shape
    let output = try node.output(0).shape
    let (count, rank) = (places[0], places[1])
    let length = table.product(1..<table.rank)
    let buckets = output.product(0..<rank - 1)
    let dimensions = Array(output.dimensions.prefix(rank - 1))
    let combiner = combiner
    return Kernel { io throws(OperatorError) in
      var y = io.output(0, as: Float.self)
      for i in y.indices { y[i] = 0 }
      let rows = io.input(0, as: Int32.self)
      let coordinates = io.input(1, as: Int32.self)
      let weights = io.input(3, as: Float.self)
      var bucket = 0
      var sum: Float = 0
      var squares: Float = 0
      var isEmpty = true
      for item in 0..<count {
        let row = Int(rows[item])
        guard row >= 0, row < table[0] else {
          throw .invalidValue("row \(row) is outside a table of \(table[0]) rows")
        }
        var place = 0
        for axis in 0..<rank - 1 { place = place &* dimensions[axis] &+ Int(coordinates[item * rank + axis]) }
        guard place >= 0, place < buckets else {
          throw .invalidValue("the coordinates of lookup \(item) are outside the shape \(dimensions)")
        }
        if place != bucket {
          if !isEmpty { Self.finish(io, bucket, length, combiner, sum: sum, squares: squares) }
          bucket = place
          sum = 0
          squares = 0
        }
        isEmpty = false
        let weight = weights[item]
        sum += weight
        squares += weight * weight
        let x = io.input(4, as: Float.self, in: row * length..<(row + 1) * length)
        var result = io.output(0, as: Float.self, in: bucket * length..<(bucket + 1) * length)
        precondition(x.count == result.count)
        for i in x.indices { result[i] += x[i] * weight }
        if item % 256 == 0 { try io.context.checkStop() }
      }
      if !isEmpty { Self.finish(io, bucket, length, combiner, sum: sum, squares: squares) }
    }
  }

  private static func finish(
    _ io: Operands, _ bucket: Int, _ length: Int, _ combiner: Combiner, sum: Float, squares: Float
  ) {
    let divisor: Float
    switch combiner {
    case .sum: return
    case .mean: divisor = sum
    case .squareRoot: divisor = squares.squareRoot()
    }
    var y = io.output(0, as: Float.self, in: bucket * length..<(bucket + 1) * length)
    for i in y.indices { y[i] /= divisor }
  }
}
