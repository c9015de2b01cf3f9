internal import CKernels
internal import Glibc
internal import TensorTypes

/// A copy of a box of elements from one strided layout to another, for elements of any width.
///
/// Transposing, slicing, broadcasting, tiling, reversing, joining and splitting are all such copies. What can be known from shapes is
/// decided when the value is made: dimensions are merged, elements that lie together in both layouts become blocks, and a pair of
/// dimensions that changes places is copied in square tiles.
struct StridedCopy: Sendable {
  /// The most dimensions that remain after merging.
  static let maximumRank = 16

  /// One dimension of the box. Strides count elements when given and units (bytes, or bits of packed elements) afterwards.
  struct Dimension: Sendable {
    var size: Int
    var source: Int
    var target: Int

    init(_ size: Int, source: Int, target: Int) {
      self.size = size
      self.source = source
      self.target = target
    }
  }

  private enum Method: Sendable {
    case nothing
    /// Blocks of `unit` bytes; the last dimension is the inner loop.
    case blocks
    /// The last two dimensions are transposed in tiles: of the target the last is contiguous, of the source the one before.
    case tiles
    /// Elements narrower than a byte.
    case bits
  }

  private let dimensions: InlineArray<16, Dimension>
  private let rank: Int
  private let method: Method
  /// Bytes of a block, or bits of an element for `bits`.
  private let unit: Int
  private let sourceOffset: Int
  private var targetOffset: Int
  /// Bytes of the target up to the end of the box.
  private var targetEnd: Int
  /// Bytes that the operands must have.
  private let sourceBytes: Int
  private let targetBytes: Int
  /// The bits of the target's last byte that hold elements; the others become 0.
  private let lastByteMask: UInt8

  /// - Parameters:
  ///   - box: dimensions of the copied box, outermost first, in the target's order.
  ///   - sourceCount: elements of the source tensor; `targetCount`: of the target tensor. The box must lie inside both.
  /// - Throws: `unsupported` for strings and for more than 16 dimensions that cannot be merged, `malformed` for a box that leaves a tensor.
  init(
    _ box: [Dimension], sourceOffset: Int = 0, targetOffset: Int = 0, element: ElementType, sourceCount: Int,
    targetCount: Int
  ) throws(OperatorError) {
    let bits = element.bitWidth
    guard bits > 0 else { throw .unsupported("tensors of type \(element)") }
    guard let sourceBytes = element.byteCount(of: sourceCount), let targetBytes = element.byteCount(of: targetCount)
    else { throw .malformed("a tensor of \(max(sourceCount, targetCount)) elements is too large") }
    self.sourceBytes = sourceBytes
    self.targetBytes = targetBytes
    let lastBits = targetCount % 8 * bits % 8
    lastByteMask = lastBits == 0 ? 0xFF : (1 << UInt8(lastBits)) - 1
    guard box.allSatisfy({ $0.size > 0 }) else {
      dimensions = InlineArray(repeating: Dimension(1, source: 0, target: 0))
      rank = 0
      method = .nothing
      unit = 0
      self.sourceOffset = 0
      self.targetOffset = 0
      targetEnd = 0
      return
    }
    guard Self.isInside(box.map { ($0.size, $0.source) }, offset: sourceOffset, count: sourceCount),
      Self.isInside(box.map { ($0.size, $0.target) }, offset: targetOffset, count: targetCount)
    else { throw .malformed("elements outside a tensor would be copied") }

    var merged: [Dimension] = []
    for dimension in box where dimension.size > 1 {
      if let last = merged.last, last.source == dimension.source * dimension.size,
        last.target == dimension.target * dimension.size
      {
        merged[merged.count - 1] = Dimension(
          last.size * dimension.size, source: dimension.source, target: dimension.target)
      } else {
        merged.append(dimension)
      }
    }
    var block = bits
    if let last = merged.last, last.source == 1, last.target == 1 {
      block = last.size * bits
      merged.removeLast()
    }
    for index in merged.indices {
      merged[index].source *= bits
      merged[index].target *= bits
    }
    var from = sourceOffset * bits
    var to = targetOffset * bits
    let wholeBytes =
      (block | from | to) % 8 == 0 && merged.allSatisfy { $0.source % 8 == 0 && $0.target % 8 == 0 }
    if wholeBytes {
      block /= 8
      from /= 8
      to /= 8
      for index in merged.indices {
        merged[index].source /= 8
        merged[index].target /= 8
      }
    } else if block != bits {
      merged.append(Dimension(block / bits, source: bits, target: bits))
      block = bits
    }
    guard merged.count <= Self.maximumRank else {
      throw .unsupported("a copy with \(merged.count) separate dimensions; up to \(Self.maximumRank) are supported")
    }
    var method: Method = wholeBytes ? .blocks : .bits
    if wholeBytes, [1, 2, 4, 8].contains(block), let last = merged.last, last.target == block, last.size > 1,
      let column = merged.dropLast().lastIndex(where: { $0.source == block && $0.size > 1 })
    {
      merged.insert(merged.remove(at: column), at: merged.count - 1)
      method = .tiles
    }
    self.method = method
    unit = block
    self.sourceOffset = from
    self.targetOffset = to
    targetEnd = merged.reduce(to + block) { $0 + max(0, ($1.size - 1) * $1.target) }
    rank = merged.count
    var dimensions = InlineArray<16, Dimension>(repeating: Dimension(1, source: 0, target: 0))
    for (index, dimension) in merged.enumerated() { dimensions[index] = dimension }
    self.dimensions = dimensions
  }

  /// Whether all elements of a strided box have an index below `count`.
  private static func isInside(_ box: [(size: Int, stride: Int)], offset: Int, count: Int) -> Bool {
    var low = offset
    var high = offset
    for (size, stride) in box {
      let (reach, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
      guard !overflow, abs(reach) < 1 << 60, abs(low) < 1 << 61, abs(high) < 1 << 61 else { return false }
      if reach < 0 { low += reach } else { high += reach }
    }
    return low >= 0 && high < count
  }

  /// Where the copy's bytes lie, if all that it copies are consecutive bytes.
  var block: (source: Int, target: Int, byteCount: Int)? {
    guard case .blocks = method, rank == 0 else { return nil }
    return (sourceOffset, targetOffset, unit)
  }

  /// Copies from an input to an output.
  ///
  /// - Parameter moved: bytes that the box is moved by in the target; it must stay inside, and elements must be whole bytes.
  func run(_ io: Operands, input: Int = 0, output: Int = 0, movedBy moved: Int = 0) throws(OperatorError) {
    if moved != 0 {
      guard moved > 0, targetEnd <= targetBytes - moved else {
        throw .malformed("a box outside the output would be written")
      }
      if case .bits = method { throw .malformed("elements narrower than a byte cannot be moved by bytes") }
      var copy = self
      copy.targetOffset += moved
      copy.targetEnd += moved
      try copy.run(io, input: input, output: output)
      return
    }
    guard unsafe io.inputBytes(input).count >= sourceBytes, unsafe io.outputBytes(output).count >= targetBytes else {
      throw .malformed("an operand is smaller than its shape")
    }
    switch method {
    case .nothing: return
    case .blocks: try copyBlocks(io, input, output)
    case .tiles: try copyTiles(io, input, output)
    case .bits: copyBits(io, input, output)
    }
  }

  /// The offsets of the outer index `index` (over the first `outer` dimensions), and the coordinates.
  @inline(__always)
  private func locate(
    _ index: Int, outer: Int, _ coordinates: inout InlineArray<16, Int>, _ source: inout Int, _ target: inout Int
  ) {
    var rest = index
    source = sourceOffset
    target = targetOffset
    var axis = outer - 1
    while axis >= 0 {
      let dimension = dimensions[axis]
      let coordinate = rest % dimension.size
      rest /= dimension.size
      coordinates[axis] = coordinate
      source &+= coordinate &* dimension.source
      target &+= coordinate &* dimension.target
      axis -= 1
    }
  }

  /// Moves to the next index over the first `outer` dimensions.
  @inline(__always)
  private func advance(
    outer: Int, _ coordinates: inout InlineArray<16, Int>, _ source: inout Int, _ target: inout Int
  ) {
    var axis = outer - 1
    while axis >= 0 {
      let dimension = dimensions[axis]
      coordinates[axis] &+= 1
      source &+= dimension.source
      target &+= dimension.target
      if coordinates[axis] < dimension.size { return }
      coordinates[axis] = 0
      source &-= dimension.size &* dimension.source
      target &-= dimension.size &* dimension.target
      axis -= 1
    }
  }

  private func outerCount(_ outer: Int) -> Int {
    var count = 1
    for axis in 0..<outer { count *= dimensions[axis].size }
    return count
  }

  private func copyBlocks(_ io: Operands, _ input: Int, _ output: Int) throws(OperatorError) {
    guard rank > 0 else {
      try io.parallel(unit, grain: 1 << 18) { range in
        // Safety: `unit` bytes behind the offsets lie inside both operands, checked when the copy was made.
        guard let source = unsafe io.inputBytes(input).baseAddress,
          let target = unsafe io.outputBytes(output).baseAddress
        else { return }
        // Where they share memory the bytes are there already.
        if unsafe UnsafeRawPointer(target) + targetOffset == source + sourceOffset { return }
        unsafe memcpy(
          target + (targetOffset + range.lowerBound), source + (sourceOffset + range.lowerBound), range.count)
      }
      return
    }
    let outer = rank - 1
    let inner = dimensions[outer]
    let count = outerCount(outer)
    let rowBytes = max(inner.size * unit, 1)
    if count > 1 {
      try io.parallel(count, grain: max(1, (1 << 16) / rowBytes)) { range in
        copyRows(io, input, output, rows: range, 0..<inner.size)
      }
    } else {
      try io.parallel(inner.size, grain: max(1, (1 << 16) / unit)) { range in
        copyRows(io, input, output, rows: 0..<1, range)
      }
    }
  }

  private func copyRows(_ io: Operands, _ input: Int, _ output: Int, rows: Range<Int>, _ columns: Range<Int>) {
    switch unit {
    case 1: copyRows(UInt8.self, io, input, output, rows, columns)
    case 2: copyRows(UInt16.self, io, input, output, rows, columns)
    case 4: copyRows(UInt32.self, io, input, output, rows, columns)
    case 8: copyRows(UInt64.self, io, input, output, rows, columns)
    case 16: copyRows(SIMD2<UInt64>.self, io, input, output, rows, columns)
    default:
      unsafe forEachRow(io, input, output, rows, columns) { source, target, inner in
        unsafe tflk_copy_blocks(source, inner.source, target, inner.target, columns.count, unit)
      }
    }
  }

  @inline(__always)
  private func copyRows<T: BitwiseCopyable>(
    _: T.Type, _ io: Operands, _ input: Int, _ output: Int, _ rows: Range<Int>, _ columns: Range<Int>
  ) {
    unsafe forEachRow(io, input, output, rows, columns) { source, target, inner in
      if inner.source == 0, inner.target == MemoryLayout<T>.size {
        let value = unsafe source.loadUnaligned(as: T.self)
        for index in 0..<columns.count {
          unsafe target.storeBytes(of: value, toByteOffset: index &* MemoryLayout<T>.size, as: T.self)
        }
        return
      }
      for index in 0..<columns.count {
        unsafe target.storeBytes(
          of: source.loadUnaligned(fromByteOffset: index &* inner.source, as: T.self),
          toByteOffset: index &* inner.target, as: T.self)
      }
    }
  }

  @inline(__always)
  private func forEachRow(
    _ io: Operands, _ input: Int, _ output: Int, _ rows: Range<Int>, _ columns: Range<Int>,
    _ body: (UnsafeRawPointer, UnsafeMutableRawPointer, Dimension) -> Void
  ) {
    guard let source = unsafe io.inputBytes(input).baseAddress, let target = unsafe io.outputBytes(output).baseAddress,
      !rows.isEmpty
    else { return }
    let inner = dimensions[rank - 1]
    var coordinates = InlineArray<16, Int>(repeating: 0)
    var from = 0
    var to = 0
    locate(rows.lowerBound, outer: rank - 1, &coordinates, &from, &to)
    for _ in rows {
      // Safety: every element of the box lies inside both operands, checked when the copy was made.
      unsafe body(
        source + (from &+ columns.lowerBound &* inner.source), target + (to &+ columns.lowerBound &* inner.target),
        inner)
      advance(outer: rank - 1, &coordinates, &from, &to)
    }
  }

  /// Rows and columns of the parts that one thread copies at a time; with few columns there are more rows.
  private static let tileRows = 16
  private static let tileColumns = 1024

  private func copyTiles(_ io: Operands, _ input: Int, _ output: Int) throws(OperatorError) {
    let outer = rank - 2
    let row = dimensions[outer]
    let column = dimensions[outer + 1]
    let tileRows = max(Self.tileRows, 4096 / max(column.size, 1))
    let rowTiles = (row.size + tileRows - 1) / tileRows
    let columnTiles = (column.size + Self.tileColumns - 1) / Self.tileColumns
    let count = outerCount(outer) * rowTiles * columnTiles
    let tileBytes = min(row.size, tileRows) * min(column.size, Self.tileColumns) * unit
    try io.parallel(count, grain: max(1, (1 << 15) / tileBytes)) { range in
      guard let source = unsafe io.inputBytes(input).baseAddress, let target = unsafe io.outputBytes(output).baseAddress
      else { return }
      var coordinates = InlineArray<16, Int>(repeating: 0)
      var from = 0
      var to = 0
      if rowTiles * columnTiles == 1 {
        locate(range.lowerBound, outer: outer, &coordinates, &from, &to)
        for _ in range {
          // Safety: as below.
          unsafe tflk_transpose(
            source + from, column.source, target + to, row.target, row.size, column.size, unit)
          advance(outer: outer, &coordinates, &from, &to)
        }
        return
      }
      for index in range {
        locate(index / (rowTiles * columnTiles), outer: outer, &coordinates, &from, &to)
        let tile = index % (rowTiles * columnTiles)
        let r = tile / columnTiles * tileRows
        let c = tile % columnTiles * Self.tileColumns
        // Safety: every element of the box lies inside both operands, checked when the copy was made.
        unsafe tflk_transpose(
          source + (from &+ r &* row.source &+ c &* column.source), column.source,
          target + (to &+ r &* row.target &+ c &* column.target), row.target,
          min(tileRows, row.size - r), min(Self.tileColumns, column.size - c), unit)
      }
    }
  }

  /// Elements of two or four bits, one by one: bytes of the target hold several elements, so one thread does all.
  private func copyBits(_ io: Operands, _ input: Int, _ output: Int) {
    let source = io.input(input, as: UInt8.self)
    var target = io.output(output, as: UInt8.self)
    let mask = UInt8((1 << unit) - 1)
    var coordinates = InlineArray<16, Int>(repeating: 0)
    var from = 0
    var to = 0
    locate(0, outer: rank, &coordinates, &from, &to)
    for _ in 0..<outerCount(rank) {
      let value = (source[from >> 3] >> UInt8(from & 7)) & mask
      let shift = UInt8(to & 7)
      target[to >> 3] = (target[to >> 3] & ~(mask << shift)) | (value << shift)
      advance(outer: rank, &coordinates, &from, &to)
    }
    if targetBytes > 0 { target[targetBytes - 1] &= lastByteMask }
  }
}

extension Shape {
  /// The distance in elements between neighbours along each dimension of a dense tensor.
  var strides: [Int] {
    guard elementCount > 0 else { return [Int](repeating: 0, count: rank) }
    var strides = [Int](repeating: 1, count: rank)
    var stride = 1
    for axis in dimensions.indices.reversed() {
      strides[axis] = stride
      stride *= dimensions[axis]
    }
    return strides
  }
}
