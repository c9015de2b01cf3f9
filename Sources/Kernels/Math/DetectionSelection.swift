internal import TensorTypes

/// Selects detections by non-maximum suppression: corners in scratch 0, scores in input 1.
struct DetectionSelection: Sendable {
  let boxes: Int
  let classes: Int
  /// Scores of a box: one for each class, and one for the background in front when there is one more.
  let columns: Int
  let maximum: Int
  let classesPerDetection: Int
  let detectionsPerClass: Int
  let scoreThreshold: Float
  let overlapThreshold: Float
  /// How `uint8` scores stand for numbers.
  let scores: AffineParameters?

  private var background: Int { columns - classes }

  private struct Detection: BitwiseCopyable {
    var box: Int32
    var category: Int32
    var score: Float
  }

  /// Corners, scores as floats, scores of one class, sorted boxes, memory for sorting, boxes' state, and what is known of classes (fast) or of
  /// detections and their merging (regular).
  func scratch(isRegular: Bool) -> [Int] {
    let detections = (maximum + detectionsPerClass) * MemoryLayout<Detection>.stride
    return [
      boxes * 16, scores == nil ? 0 : boxes * columns * 4, boxes * 4, boxes * 4, boxes * 4, boxes,
      isRegular ? detections : boxes * classes * 4, isRegular ? detections : 0,
    ]
  }

  /// Fills scratch 1 with the scores of `uint8` as floats.
  func loadScores(_ io: Operands) {
    guard let scores else { return }
    let x = io.input(1, as: UInt8.self)
    var y = io.scratch(1, as: Float.self, in: 0..<boxes * columns)
    for i in y.indices { y[i] = scores.scale * Float(Int32(x[i]) - scores.zeroPoint) }
  }

  /// The scores of a box for all classes.
  @inline(__always) @_lifetime(borrow io)
  private func scores(_ io: borrowing Operands, of box: Int) -> Span<Float> {
    let start = box * columns + background
    if scores == nil { return io.input(1, as: Float.self, in: start..<start + classes) }
    return io.writtenScratch(1, as: Float.self).extracting(start..<start + classes)
  }

  /// Selects up to `limit` boxes by the scores in scratch 2; they are then in scratch 3, the best first.
  ///
  /// - Returns: how many were selected.
  private func suppress(_ io: Operands, limit: Int) throws(OperatorError) -> Int {
    let values = io.writtenScratch(2, as: Float.self)
    var order = io.scratch(3, as: Int32.self, in: 0..<boxes)
    var other = io.scratch(4, as: Int32.self, in: 0..<boxes)
    var kept = 0
    for box in 0..<boxes where values[box] >= scoreThreshold {
      order[kept] = Int32(truncatingIfNeeded: box)
      kept += 1
    }
    sortIndices(&order, &other, count: kept) { values[Int($1)] > values[Int($0)] }
    var isOut = io.scratch(5, as: UInt8.self, in: 0..<boxes)
    for i in 0..<kept { isOut[i] = 0 }
    var selected = 0
    for i in 0..<kept {
      if selected >= limit { break }
      if isOut[i] != 0 { continue }
      if i % 16 == 0 { try io.context.checkStop() }
      let box = corners(io, Int(order[i]))
      // Selected boxes come to the front; places before `i` are not read again.
      order[selected] = order[i]
      selected += 1
      for j in i + 1..<max(kept, i + 1) where isOut[j] == 0 {
        if box.intersectionOverUnion(corners(io, Int(order[j]))) > overlapThreshold { isOut[j] = 1 }
      }
    }
    return selected
  }

  @inline(__always)
  private func corners(_ io: Operands, _ box: Int) -> BoxCorners {
    let corners = io.scratch(0, as: Float.self, in: 4 * box..<4 * box + 4)
    return BoxCorners(corners[0], corners[1], corners[2], corners[3])
  }

  private func write(_ io: Operands, _ place: Int, box: Int, category: Int, score: Float) {
    let corners = io.scratch(0, as: Float.self, in: 4 * box..<4 * box + 4)
    var result = io.output(0, as: Float.self, in: 4 * place..<4 * place + 4)
    for i in 0..<4 { result[i] = corners[i] }
    var categories = io.output(1, as: Float.self, in: place..<place + 1)
    categories[0] = Float(category)
    var scores = io.output(2, as: Float.self, in: place..<place + 1)
    scores[0] = score
  }

  /// Every box stands for its best classes.
  func runFast(_ io: Operands) throws(OperatorError) {
    let wanted = min(classesPerDetection, classes)
    var best = io.scratch(2, as: Float.self, in: 0..<boxes)
    for box in 0..<boxes {
      let values = scores(io, of: box)
      var order = io.scratch(6, as: Int32.self, in: box * classes..<(box + 1) * classes)
      for i in order.indices { order[i] = Int32(truncatingIfNeeded: i) }
      if wanted == 1 {
        for i in values.indices where values[i] > values[Int(order[0])] { order[0] = Int32(truncatingIfNeeded: i) }
      } else {
        sortGreatest(&order, wanted: wanted, values)
      }
      best[box] = values[Int(order[0])]
    }
    let count = try suppress(io, limit: maximum)
    let selected = io.writtenScratch(3, as: Int32.self)
    for place in 0..<count {
      let box = Int(selected[place])
      let values = scores(io, of: box)
      let order = io.scratch(6, as: Int32.self, in: box * classes..<(box + 1) * classes)
      for i in 0..<wanted {
        let category = Int(order[i])
        write(io, classesPerDetection * place + i, box: box, category: category, score: values[category])
      }
    }
    var number = io.output(3, as: Float.self)
    number[0] = Float(count)
  }

  /// Classes are gone through one by one; the best detections of all are kept.
  func runRegular(_ io: Operands) throws(OperatorError) {
    var found = io.scratch(6, as: Detection.self, in: 0..<maximum + detectionsPerClass)
    var merged = io.scratch(7, as: Detection.self, in: 0..<maximum + detectionsPerClass)
    var count = 0
    for category in 0..<classes {
      var values = io.scratch(2, as: Float.self, in: 0..<boxes)
      for box in 0..<boxes { values[box] = scores(io, of: box)[category] }
      let selected = try suppress(io, limit: detectionsPerClass)
      let order = io.writtenScratch(3, as: Int32.self)
      // Both lists are sorted; of equal scores those of earlier classes come first.
      var (left, right, place) = (0, 0, 0)
      while left < count || right < selected {
        if right == selected || (left < count && !(values[Int(order[right])] > found[left].score)) {
          merged[place] = found[left]
          left += 1
        } else {
          let box = order[right]
          merged[place] = Detection(
            box: box, category: Int32(truncatingIfNeeded: category), score: values[Int(box)])
          right += 1
        }
        place += 1
      }
      count = min(place, maximum)
      for i in 0..<count { found[i] = merged[i] }
    }
    for place in 0..<count {
      let detection = found[place]
      write(
        io, place, box: Int(detection.box), category: Int(detection.category), score: detection.score)
    }
    var number = io.output(3, as: Float.self)
    number[0] = Float(count)
  }
}
