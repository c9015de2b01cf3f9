import KernelTestSupport
import Testing

@testable import Kernels

@Suite("Division of products")
struct ProductTilingTests {
  private struct Product {
    var rows: Int
    var columnTiles: Int
    var depth: Int
    var threads: Int
    var tileRows = 12

    var tiling: ProductTiling {
      ProductTiling(
        rows: rows, columnTiles: columnTiles, panelBytes: depth * 32 * 4, operations: depth * 32, rowMultiple: tileRows,
        rate: 58_000, threads: threads)
    }

    /// The work of the thread that has most, when the threads take the items in turns, in parts of all work.
    var largestShare: Double {
      let tiling = tiling
      var work = [Int](repeating: 0, count: threads)
      for index in 0..<tiling.count {
        let (rows, tiles) = tiling.item(index)
        work[index * threads / tiling.count] += rows.count * tiles.count
      }
      return Double(work.max() ?? 0) / Double(rows * columnTiles)
    }
  }

  @Test("items cover each row and column tile once")
  func coverage() {
    var random = SeededGenerator(seed: 41)
    for _ in 0..<2000 {
      let product = Product(
        rows: .random(in: 1...300, using: &random), columnTiles: .random(in: 1...40, using: &random),
        depth: .random(in: 1...4000, using: &random), threads: .random(in: 1...5, using: &random))
      let tiling = product.tiling
      var seen = [Int](repeating: 0, count: product.rows * product.columnTiles)
      for index in 0..<tiling.count {
        let (rows, tiles) = tiling.item(index)
        #expect(!rows.isEmpty && !tiles.isEmpty)
        for row in rows { for tile in tiles { seen[row * product.columnTiles + tile] += 1 } }
      }
      #expect(seen.allSatisfy { $0 == 1 }, "\(product)")
    }
  }

  @Test("two threads have the same to do")
  func evenness() {
    // 6 by 6 pixels, once in three tiles of rows: 24 and 12 rows would be two to one.
    #expect(Product(rows: 36, columnTiles: 4, depth: 128, threads: 2).largestShare <= 0.51)
    #expect(Product(rows: 9, columnTiles: 8, depth: 256, threads: 2).largestShare <= 0.51)
    #expect(Product(rows: 20, columnTiles: 1, depth: 1024, threads: 2).largestShare <= 0.51)
    #expect(Product(rows: 2304, columnTiles: 1, depth: 27, threads: 2).largestShare <= 0.51)
    #expect(Product(rows: 196, columnTiles: 3, depth: 200, threads: 2).largestShare <= 0.51)
    #expect(Product(rows: 1, columnTiles: 32, depth: 512, threads: 2).largestShare <= 0.51)
  }

  @Test("short work stays whole, and a single row is divided by columns, at most 512 KB of weights together")
  func shapes() {
    #expect(Product(rows: 12, columnTiles: 1, depth: 32, threads: 2).tiling.count == 1)
    #expect(Product(rows: 36, columnTiles: 4, depth: 128, threads: 1).tiling.count == 1)
    let (rows, tiles) = Product(rows: 1, columnTiles: 32, depth: 512, threads: 2).tiling.item(0)
    #expect(rows == 0..<1)
    #expect(tiles == 0..<8)
  }
}
