internal import FlatBuffers
internal import TensorTypes

/// Reads how a sparse constant is stored, and walks it to count its values.
///
/// Source: the schema's `SparsityParameters`, the TACO format with blocks.
struct SparsityReader {
  let shape: Shape
  let location: ModelError.Location

  func read(_ table: FlatBufferTable) throws(ModelError) -> Sparsity {
    typealias Slot = Schema.SparsityParameters
    let (order, blockMap, stored) = try located(location) { () throws(FlatBufferError) in
      (
        try table.int32s(Slot.traversalOrder).map(Int.init), try table.int32s(Slot.blockMap).map(Int.init),
        try table.tables(Slot.dimMetadata)
      )
    }
    let sizes = try dimensionSizes(order: order, blockMap: blockMap, metadata: stored)
    var dimensions: [Sparsity.Dimension] = []
    // Values (or subtrees) down to the current level.
    var count = 1
    for (level, dimension) in order.enumerated() {
      guard let stored else { break }
      let metadata = try located(location) { () throws(FlatBufferError) in
        try DimensionRecord(stored.table(level))
      }
      let size = sizes[dimension]
      switch metadata.format {
      case 0:
        guard metadata.denseSize == size else {
          throw malformed("level \(level) is dense with \(metadata.denseSize) entries; its dimension has \(size)")
        }
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow else { throw malformed("the number of values overflows") }
        count = product
        dimensions.append(.dense(size: size))
      case 1:
        let (segments, indices) = try checkSparse(metadata, level: level, parents: count, size: size)
        count = indices.count
        dimensions.append(.sparse(segments: segments, indices: indices))
      default:
        throw malformed("level \(level) has format \(metadata.format), which is not in the schema")
      }
    }
    return Sparsity(traversalOrder: order, blockMap: blockMap, dimensions: dimensions)
  }

  /// The size of every dimension, those inside a block last.
  private func dimensionSizes(order: [Int], blockMap: [Int], metadata: FlatBufferTables?) throws(ModelError) -> [Int] {
    guard let metadata, metadata.count == order.count, order.count == shape.rank + blockMap.count else {
      throw malformed(
        "a traversal of \(order.count) levels, \(metadata?.count ?? 0) level descriptions and \(blockMap.count) block "
          + "dimensions do not fit shape \(shape)")
    }
    guard order.prefix(shape.rank).sorted() == Array(0..<shape.rank),
      order.suffix(blockMap.count).sorted() == Array(shape.rank..<order.count)
    else {
      throw malformed("the traversal order \(order) does not name every dimension of shape \(shape) once")
    }
    var sizes = shape.dimensions + [Int](repeating: 1, count: blockMap.count)
    var blocked = Set<Int>()
    for level in shape.rank..<order.count {
      let record = try located(location) { () throws(FlatBufferError) in try DimensionRecord(metadata.table(level)) }
      let dimension = blockMap[order[level] - shape.rank]
      guard dimension >= 0, dimension < shape.rank, blocked.insert(dimension).inserted else {
        throw malformed("the block map \(blockMap) does not name different dimensions of shape \(shape)")
      }
      guard record.denseSize > 0, sizes[dimension] % record.denseSize == 0 else {
        throw malformed("blocks of \(record.denseSize) do not divide dimension \(dimension) of shape \(shape)")
      }
      sizes[order[level]] = record.denseSize
      sizes[dimension] /= record.denseSize
    }
    return sizes
  }

  private func checkSparse(_ record: DimensionRecord, level: Int, parents: Int, size: Int) throws(ModelError)
    -> (segments: [Int], indices: [Int])
  {
    guard let segments = record.segments, let indices = record.indices else {
      throw malformed("level \(level) is sparse without segments or indices")
    }
    guard segments.count == parents + 1 else {
      throw malformed("level \(level) has \(segments.count) segment bounds and needs \(parents + 1)")
    }
    guard segments.first == 0, segments.last == indices.count else {
      throw malformed(
        "the segments of level \(level) run from \(segments[0]) to \(segments[parents]); there are \(indices.count) indices"
      )
    }
    for (start, end) in zip(segments, segments.dropFirst()) where start > end {
      throw malformed("the segments of level \(level) run backwards")
    }
    for index in indices where index < 0 || index >= size {
      throw malformed("level \(level) has index \(index) in a dimension of \(size)")
    }
    return (segments, indices)
  }

  private func malformed(_ message: String) -> ModelError {
    ModelError(.malformed, "sparsity: \(message)", at: location)
  }
}

/// A row of the schema's `DimensionMetadata`, as stored.
private struct DimensionRecord {
  let format: UInt8
  let denseSize: Int
  let segments: [Int]?
  let indices: [Int]?

  init(_ table: FlatBufferTable) throws(FlatBufferError) {
    typealias Slot = Schema.DimensionMetadata
    format = try table.uint8(Slot.format)
    denseSize = Int(try table.int32(Slot.denseSize))
    segments = try Self.indices(table, type: Slot.arraySegmentsType, value: Slot.arraySegments)
    indices = try Self.indices(table, type: Slot.arrayIndicesType, value: Slot.arrayIndices)
  }

  /// The union of index vectors of three widths.
  private static func indices(_ table: FlatBufferTable, type: Int, value: Int) throws(FlatBufferError) -> [Int]? {
    let type = try table.uint8(type)
    guard (1...3).contains(type), let vector = try table.table(value), try vector.hasField(0) else { return nil }
    switch type {
    case 1: return try vector.int32s(0).map(Int.init)
    case 2: return try vector.vector(0, of: UInt16.self)?.array().map(Int.init)
    default: return try vector.vector(0, of: UInt8.self)?.array().map(Int.init)
    }
  }
}

extension Sparsity {
  /// The number of values that are stored.
  var storedValueCount: Int {
    var count = 1
    for dimension in dimensions {
      switch dimension {
      case .dense(let size): count *= size
      case .sparse(_, let indices): count = indices.count
      }
    }
    return count
  }
}
