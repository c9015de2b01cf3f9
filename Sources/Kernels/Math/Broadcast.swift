internal import TensorTypes

/// How the elements of one to three operands meet under NumPy's broadcasting rule.
///
/// Neighbouring dimensions that every operand walks through in the same manner are merged, so that equal shapes become one run and the usual
/// broadcasts (a scalar, a vector along the last dimension, a vector per row) become one or two loops.
struct Broadcast: Sendable {
  /// The shape of the result.
  let shape: Shape
  /// Lengths of the merged loops, innermost first; at least two.
  private let extents: [Int]
  /// For each operand and each loop the distance between elements, 0 where the operand repeats.
  private let strides: [[Int]]
  /// Whether all of the result is one run.
  let isOneRun: Bool
  /// A short run of one of two operands that is used again for each of `rows` neighbouring runs, along which the other operand advances with the
  /// result: several such runs can be taken at once. Nil where there is none.
  let repeatedRun: (operand: Int, length: Int, rows: Int)?

  /// The plan for operands of these shapes.
  ///
  /// - Throws: `malformed` when the shapes do not broadcast.
  init(_ shapes: Shape...) throws(OperatorError) {
    try self.init(of: shapes)
  }

  /// The plan for operands of these shapes.
  ///
  /// - Throws: `malformed` when the shapes do not broadcast.
  init(of shapes: [Shape]) throws(OperatorError) {
    var result = Shape.scalar
    for shape in shapes {
      guard let wider = result.broadcast(with: shape) else {
        throw .malformed(
          "shapes " + shapes.map(\.description).joined(separator: " and ") + " do not broadcast to a common shape")
      }
      result = wider
    }
    shape = result
    var extents: [Int] = []
    var strides = [[Int]](repeating: [], count: shapes.count)
    // Elements of each operand inside the dimensions that were visited. Bounded by the element count of the operand.
    var inner = [Int](repeating: 1, count: shapes.count)
    if result.elementCount > 0 {
      for distance in 1..<(result.rank + 1) {
        let extent = result[result.rank - distance]
        if extent == 1 { continue }
        var step = [Int](repeating: 0, count: shapes.count)
        for (operand, shape) in shapes.enumerated() where distance <= shape.rank {
          let size = shape[shape.rank - distance]
          step[operand] = size == 1 ? 0 : inner[operand]
          inner[operand] *= size
        }
        if let last = extents.last,
          shapes.indices.allSatisfy({ step[$0] == strides[$0][extents.count - 1] * last })
        {
          extents[extents.count - 1] *= extent
        } else {
          extents.append(extent)
          for operand in shapes.indices { strides[operand].append(step[operand]) }
        }
      }
    }
    while extents.count < 2 {
      // A single element is a run of one; further loops of one change nothing.
      for operand in shapes.indices { strides[operand].append(extents.isEmpty ? 1 : 0) }
      extents.append(1)
    }
    self.extents = extents
    self.strides = strides
    isOneRun = extents.count == 2 && extents[1] == 1
    repeatedRun = Self.repeatedRun(extents, strides)
  }

  /// Whether an operand repeats its element along a run.
  func repeats(_ operand: Int) -> Bool { strides[operand][0] == 0 }

  private static func repeatedRun(_ extents: [Int], _ strides: [[Int]]) -> (operand: Int, length: Int, rows: Int)? {
    let length = extents[0]
    guard (2..<512).contains(length), extents[1] > 1, strides.count == 2, strides[0][0] != 0, strides[1][0] != 0 else {
      return nil
    }
    let advancing = strides.indices.filter { strides[$0][1] == length }
    guard advancing.count == 1, strides[1 - advancing[0]][1] == 0 else { return nil }
    return (1 - advancing[0], length, extents[1])
  }

  /// Where the operands begin for run `index` of the result.
  func runStart(_ index: Int) -> (left: Int, right: Int) {
    var (outer, row) = index.quotientAndRemainder(dividingBy: extents[1])
    var (left, right) = (row * strides[0][1], row * strides[1][1])
    for loop in 2..<max(extents.count, 2) {
      (outer, row) = outer.quotientAndRemainder(dividingBy: extents[loop])
      left += row * strides[0][loop]
      right += row * strides[1][loop]
    }
    return (left, right)
  }

  /// Elements of a run, and runs of a block.
  var block: (length: Int, rows: Int) { (extents[0], extents[1]) }

  /// How far an operand goes from an element to the next, and from a run to the next of a block.
  func steps(_ operand: Int) -> (element: Int, row: Int) { (strides[operand][0], strides[operand][1]) }

  /// Whether neighbouring runs make blocks, and are too short to be worth a call each.
  var hasShortRuns: Bool { extents[1] > 1 && extents[0] < 1024 }

  /// Calls `body` for blocks of neighbouring runs that together cover the result's runs `range`: the first run, where the operands begin, and
  /// how many.
  @inline(__always)
  func forEachBlock(ofRuns range: Range<Int>, _ body: (_ first: Int, _ left: Int, _ right: Int, _ runs: Int) -> Void) {
    var next = range.lowerBound
    while next < range.upperBound {
      let (left, right) = runStart(next)
      let count = min(extents[1] - next % extents[1], range.upperBound - next)
      body(next, left, right, count)
      next += count
    }
  }

  /// Calls `body` for runs that together cover the result's elements `range`: the position in the result, the positions of three operands' first
  /// elements, and the length. Along a run an operand either advances with the result or repeats one element.
  @inline(__always)
  func forEachRun(
    in range: Range<Int>, _ body: (_ position: Int, _ first: Int, _ second: Int, _ third: Int, _ count: Int) -> Void
  ) {
    let row = extents[0]
    var position = range.lowerBound
    while position < range.upperBound {
      var (outer, column) = position.quotientAndRemainder(dividingBy: row)
      var first = column * strides[0][0]
      var second = column * strides[1][0]
      var third = column * strides[2][0]
      for loop in 1..<extents.count {
        let (quotient, coordinate) = outer.quotientAndRemainder(dividingBy: extents[loop])
        first += coordinate * strides[0][loop]
        second += coordinate * strides[1][loop]
        third += coordinate * strides[2][loop]
        outer = quotient
      }
      let count = min(row - column, range.upperBound - position)
      body(position, first, second, third, count)
      position += count
    }
  }
}
