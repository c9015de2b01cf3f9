/// A box of up to eight dimensions that is walked through in two layouts at once.
struct StridedBox: Sendable {
  struct Dimension: Sendable {
    var size = 1
    var source = 0
    var target = 0
  }

  private var dimensions = InlineArray<8, Dimension>(repeating: Dimension())
  private var rank = 0
  private var rows = 1
  /// Places in the box.
  let count: Int

  /// - Parameter box: size, distance in the source and distance in the target of each dimension, outermost first; at most eight. The number of
  ///   places fits in an `Int`.
  init(_ box: [(size: Int, source: Int, target: Int)]) {
    count = box.reduce(1) { $0 * $1.size }
    for (size, source, target) in box where size != 1 {
      if rank > 0, dimensions[rank - 1].source == source * size, dimensions[rank - 1].target == target * size {
        dimensions[rank - 1] = Dimension(size: dimensions[rank - 1].size * size, source: source, target: target)
      } else {
        precondition(rank < 8)
        dimensions[rank] = Dimension(size: size, source: source, target: target)
        rank += 1
      }
    }
    if rank == 0 { rank = 1 }
    for index in 0..<rank - 1 { rows *= dimensions[index].size }
    if count == 0 { rows = 0 }
  }

  /// Calls `body` for each row along the last dimension, with the places of its first element in both layouts.
  @inline(__always)
  func forEachRow(_ body: (_ source: Int, _ target: Int, _ row: Dimension) -> Void) {
    var coordinates = InlineArray<8, Int>(repeating: 0)
    var source = 0
    var target = 0
    let row = dimensions[rank - 1]
    for _ in 0..<rows {
      body(source, target, row)
      var axis = rank - 2
      while axis >= 0 {
        let dimension = dimensions[axis]
        coordinates[axis] &+= 1
        source &+= dimension.source
        target &+= dimension.target
        if coordinates[axis] < dimension.size { break }
        coordinates[axis] = 0
        source &-= dimension.size &* dimension.source
        target &-= dimension.size &* dimension.target
        axis &-= 1
      }
    }
  }
}
