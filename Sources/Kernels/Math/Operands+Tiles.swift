internal import TensorTypes

extension Operands {
  /// The elements of a scratch buffer, to read what the kernel wrote there before.
  @inline(__always) @_lifetime(borrow self)
  func writtenScratch<T: BitwiseCopyable>(_ index: Int, as type: T.Type) -> Span<T> {
    precondition(index >= 0)
    return span(unsafe slots[inputCount + outputCount + index])
  }

  /// Calls `body` once for each tile below `count` over the interpreter's threads: the same part of the tiles in every invocation goes to the same
  /// thread, and whoever is done with its part goes on with the others'. Between any two a thread looks whether the invocation should stop.
  ///
  /// For kernels whose work comes in tiles of about 50 to 200 microseconds: a cancelled invocation ends within one tile. Tiles run at the same
  /// time, so each must write only what belongs to it.
  /// - Parameters:
  ///   - workers: the threads that the kernel has scratch for; with fewer than there are, the calling thread works alone.
  ///   - body: `worker` is below `workers` and tells apart those that run at the same time.
  /// - Throws: `cancelled` or `deadlineExceeded`; the outputs are then incomplete.
  @inline(never)
  func forEachTile(
    _ count: Int, workers: Int, _ body: @Sendable (_ tile: Int, _ worker: Int) -> Void
  ) throws(OperatorError) {
    guard count > 0 else { return }
    // A single tile ends in time by itself, and the next step looks.
    guard count > 1 else { return body(0, 0) }
    context.threadPool.parallelize(count, alone: workers < context.threads) { tile, worker in
      if tile > 0, context.shouldStop { return }
      body(tile, worker)
    }
    try context.checkStop()
  }

  /// Calls `body` for ranges of at most `tile` indices that together cover `0..<count`, as ``forEachTile(_:workers:_:)`` does.
  @inline(never)
  func forEachTile(of tile: Int, in count: Int, _ body: @Sendable (Range<Int>) -> Void) throws(OperatorError) {
    guard count > 0 else { return }
    try forEachTile((count - 1) / tile + 1, workers: Int.max) { index, _ in
      let start = index * tile
      body(start..<min(start + tile, count))
    }
  }
}

/// How many of `count` equal pieces of work make about 100 microseconds, when each is `operations` multiplications and one takes
/// `picoseconds`. At least 1.
func tileSize(of count: Int, operations: Int, picoseconds: Int) -> Int {
  let budget = 100_000_000 / max(picoseconds, 1)
  return max(1, min(count, budget / max(operations, 1)))
}
