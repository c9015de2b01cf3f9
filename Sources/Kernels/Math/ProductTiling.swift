/// How long an item of work should take when all of it takes `total` microseconds: as many items as threads for short work, several for each
/// thread for long work, so that a thread which is interrupted does not keep the others waiting; 100 microseconds at most, and nothing so short
/// that handing it over would cost more.
func itemMicroseconds(total: Double, threads: Int) -> Double {
  guard threads > 1, total >= 3 else { return 100 }
  let items = Double(threads) * (total < 30 ? 1 : total < 100 ? 2 : 4)
  return min(100, max(1.5, total / items))
}

/// How many pixels of an integer kernel's input are prepared together, of `pixels` with `bytesPerPixel` each: at most 64 KB, and by the threads
/// that read them afterwards, since lines of another thread's cache cost more than preparing them.
///
/// - Parameter isDivided: whether the work on the prepared pixels is divided over the threads.
func preparedTile(pixels: Int, bytesPerPixel: Int, isDivided: Bool, threads: Int) -> Int {
  let cached = max(1, (64 << 10) / max(bytesPerPixel, 1))
  guard threads > 1 else { return max(1, min(pixels, cached)) }
  return max(1, isDivided ? min(cached, (pixels - 1) / threads + 1) : pixels)
}

/// How a product of `rows` by `columnTiles` is divided into even items of work of 100 microseconds at most, so that the weights of an item stay
/// in the second-level cache.
struct ProductTiling: Sendable {
  private let rows: Int
  private let columnTiles: Int
  private let rowsPerItem: Int
  private let tilesPerItem: Int
  private let rowItems: Int
  /// Items of work.
  let count: Int

  /// Weights that stay in the second-level cache while rows pass.
  private static let cachedBytes = 512 << 10

  /// Parts of so many bytes of packed weights that each stay in the cache.
  static func columnGroups(ofBytes count: Int) -> Int { max(1, count / cachedBytes) }

  /// - Parameters:
  ///   - panelBytes: bytes of the packed weights of one column tile.
  ///   - operations: multiplications of one row with one column tile.
  ///   - rowMultiple: the rows of a kernel's tile.
  ///   - rate: multiplications in a microsecond.
  init(
    rows: Int, columnTiles: Int, panelBytes: Int, operations: Int, rowMultiple: Int, rate: Int, threads: Int
  ) {
    self.rows = rows
    self.columnTiles = columnTiles
    guard rows > 0, columnTiles > 0 else {
      (rowsPerItem, tilesPerItem, rowItems, count) = (1, 1, 0, 0)
      return
    }
    let operations = Double(max(operations, 1))
    let rate = Double(max(rate, 1))
    let budget =
      rate * itemMicroseconds(total: operations * Double(columnTiles) * Double(rows) / rate, threads: threads)
    let groups = (columnTiles - 1) / max(1, Self.cachedBytes / max(panelBytes, 1)) + 1
    let tiles = (columnTiles - 1) / groups + 1
    let parts = Self.parts(
      min(operations * Double(tiles) * Double(rows) / budget, Double(rows) * Double(tiles)), threads: threads)
    let rowPart = (rows - 1) / parts + 1
    let tilePart = (tiles - 1) / min(parts, tiles) + 1
    // Rows of all column tiles where those of a part fill a tile of the kernel, or at least half of it and column tiles cannot be shared evenly.
    let isEven = tilePart * min(parts, tiles) <= tiles + tiles / 8 && tiles >= threads
    if rowPart >= rowMultiple || (2 * rowPart >= rowMultiple && !isEven) {
      (rowsPerItem, tilesPerItem) = (rowPart, tiles)
    } else {
      (rowsPerItem, tilesPerItem) = (rows, tilePart)
    }
    rowItems = (rows - 1) / rowsPerItem + 1
    count = rowItems * ((columnTiles - 1) / tilesPerItem + 1)
  }

  /// So many parts, or a few more, so that threads which share them have the same to do.
  private static func parts(_ wanted: Double, threads: Int) -> Int {
    let count = Int(max(1, wanted.rounded(.up)))
    guard count > 1, count < 8 * threads else { return count }
    return (count + threads - 1) / threads * threads
  }

  /// The rows and column tiles of an item. Consecutive items share their weights.
  @inline(__always)
  func item(_ index: Int) -> (rows: Range<Int>, tiles: Range<Int>) { item(index, rows: rows) }

  /// The same of a product with fewer rows; those of an item may be none.
  @inline(__always)
  func item(_ index: Int, rows: Int) -> (rows: Range<Int>, tiles: Range<Int>) {
    let row = min(index % rowItems * rowsPerItem, rows)
    let tile = index / rowItems * tilesPerItem
    return (row..<min(row + rowsPerItem, rows), tile..<min(tile + tilesPerItem, columnTiles))
  }
}
