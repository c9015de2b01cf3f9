internal import Glibc

extension Broadcast {
  /// Runs of two operands, one after the other. Of a short run that is used again and again there are copies, so that runs are long.
  struct RunIterator {
    struct Run {
      var position = 0
      /// The first elements of the operands, or of the copies.
      var left = 0
      var right = 0
      var count = 0
      /// The first element of what there are copies of.
      var source = 0
    }

    /// What there are copies of, and how many.
    let repeated: (operand: Int, length: Int, copies: Int)?
    private let broadcast: Broadcast
    private let length: Int
    private let rows: Int
    /// How far each operand goes from an element to the next, and from a run to the next.
    private let leftSteps: (element: Int, row: Int)
    private let rightSteps: (element: Int, row: Int)
    private let end: Int
    private var position: Int
    /// Of ``position``, in a block of `rows` runs, and where the operands begin there.
    private var row = 0
    private var column = 0
    private var start = (left: 0, right: 0)

    /// - Parameter mostCopied: elements of all copies of a run; 0 for no copies.
    init(_ broadcast: Broadcast, in range: Range<Int>, mostCopied: Int = 0) {
      self.broadcast = broadcast
      repeated = broadcast.repeatedRun.flatMap { run in
        let copies = min(mostCopied / run.length, run.rows)
        return copies > 1 ? (run.operand, run.length, copies) : nil
      }
      (length, rows) = broadcast.block
      (leftSteps, rightSteps) = (broadcast.steps(0), broadcast.steps(1))
      (position, end) = (range.lowerBound, range.upperBound)
      locate()
    }

    private mutating func locate() {
      let run: Int
      (run, column) = position.quotientAndRemainder(dividingBy: length)
      row = run % rows
      start = broadcast.runStart(run - row)
    }

    mutating func next() -> Run? {
      guard position < end else { return nil }
      var run = Run(position: position)
      if let repeated {
        let isLeft = repeated.operand == 0
        let place = row * length + column
        run.count = min(repeated.copies * length - column, rows * length - place, end - position)
        run.source = isLeft ? start.left : start.right
        run.left = isLeft ? column : start.left + place
        run.right = isLeft ? start.right + place : column
        (row, column) = (place + run.count).quotientAndRemainder(dividingBy: length)
      } else {
        run.count = min(length - column, end - position)
        run.left = start.left + row * leftSteps.row + column * leftSteps.element
        run.right = start.right + row * rightSteps.row + column * rightSteps.element
        (row, column) = (row + 1, 0)
      }
      position += run.count
      if row == rows, position < end { locate() }
      return run
    }
  }
}

extension Operands {
  /// Calls `body` for runs that together cover the elements `range` of output 0: which of them, and the elements of inputs 0 and 1, of which one
  /// that repeats its element has only that.
  @inline(__always)
  func forEachRun<Left: BitwiseCopyable, Right: BitwiseCopyable>(
    _ broadcast: Broadcast, in range: Range<Int>, of leftType: Left.Type, _ rightType: Right.Type,
    _ body: (_ run: Range<Int>, _ a: Span<Left>, _ b: Span<Right>) -> Void
  ) {
    let (leftRepeats, rightRepeats) = (broadcast.repeats(0), broadcast.repeats(1))
    // Of small tensors anything else would take longer than the elements.
    if broadcast.isOneRun {
      let one = 0..<1
      return body(
        range, input(0, as: leftType, in: leftRepeats ? one : range),
        input(1, as: rightType, in: rightRepeats ? one : range))
    }
    let strides = (MemoryLayout<Left>.stride, MemoryLayout<Right>.stride)
    // More bytes would come from the heap.
    var runs = Broadcast.RunIterator(broadcast, in: range, mostCopied: 1024 / max(strides.0, strides.1))
    let repeated = runs.repeated?.operand
    let stride = repeated == 0 ? strides.0 : strides.1
    let byteCount = runs.repeated.map { $0.length * $0.copies * stride } ?? 1
    unsafe withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 16) { copies in
      var copied = -1
      while let run = runs.next() {
        if let repeated = runs.repeated, run.source != copied {
          unsafe copy(repeated, from: run.source, stride: stride, to: copies)
          copied = run.source
        }
        let a =
          repeated == 0
          ? unsafe Span(_unsafeElements: UnsafeBufferPointer(copies.assumingMemoryBound(to: leftType)))
            .extracting(run.left..<run.left + run.count)
          : input(0, as: leftType, in: run.left..<run.left + (leftRepeats ? 1 : run.count))
        let b =
          repeated == 1
          ? unsafe Span(_unsafeElements: UnsafeBufferPointer(copies.assumingMemoryBound(to: rightType)))
            .extracting(run.right..<run.right + run.count)
          : input(1, as: rightType, in: run.right..<run.right + (rightRepeats ? 1 : run.count))
        body(run.position..<run.position + run.count, a, b)
      }
    }
  }

  private func copy(
    _ repeated: (operand: Int, length: Int, copies: Int), from source: Int, stride: Int,
    to target: UnsafeMutableRawBufferPointer
  ) {
    let bytes = repeated.length * stride
    let run = input(repeated.operand, as: UInt8.self, in: source * stride..<source * stride + bytes)
    unsafe run.withUnsafeBytes { run in
      guard let from = run.baseAddress, let to = target.baseAddress else { return }
      // Safety: there is room for all copies.
      for copy in 0..<repeated.copies { unsafe memcpy(to + copy * bytes, from, bytes) }
    }
  }
}
