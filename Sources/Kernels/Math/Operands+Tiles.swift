internal import TensorTypes

extension Operands {
  /// The elements of a scratch buffer, to read what the kernel wrote there before.
  @inline(__always) @_lifetime(borrow self)
  func writtenScratch<T: BitwiseCopyable>(_ index: Int, as type: T.Type) -> Span<T> {
    precondition(index >= 0)
    return span(unsafe slots[inputCount + outputCount + index])
  }

  /// Calls `body` once for each index below `count`, over the interpreter's threads, and looks between any two of them whether the
  /// invocation should stop.
  ///
  /// For kernels whose work comes in pieces of about 50 to 200 microseconds: however many of them a thread takes at once, a cancelled
  /// invocation ends within one piece. Pieces run in no particular order and at the same time, so each must write only what belongs to it.
  /// - Throws: `cancelled` or `deadlineExceeded`; the outputs are then incomplete.
  @inline(__always)
  func forEachTile(_ count: Int, _ body: @Sendable (Int) -> Void) throws(OperatorError) {
    try parallel(count) { range in
      for index in range {
        if context.shouldStop { return }
        body(index)
      }
    }
    try context.checkStop()
  }

  /// Calls `body` for ranges of at most `tile` indices that together cover `0..<count`, as ``forEachTile(_:_:)`` does.
  @inline(__always)
  func forEachTile(of tile: Int, in count: Int, _ body: @Sendable (Range<Int>) -> Void) throws(OperatorError) {
    guard count > 0 else { return }
    try forEachTile((count - 1) / tile + 1) { index in
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
