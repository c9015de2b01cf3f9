internal import Glibc
internal import TensorTypes

/// A box between two opposite corners, in whichever order they are given.
struct BoxCorners {
  let top: Float
  let left: Float
  let bottom: Float
  let right: Float

  @inline(__always)
  init(_ y1: Float, _ x1: Float, _ y2: Float, _ x2: Float) {
    top = y2 < y1 ? y2 : y1
    left = x2 < x1 ? x2 : x1
    bottom = y1 < y2 ? y2 : y1
    right = x1 < x2 ? x2 : x1
  }

  /// The intersection of two boxes over their union; 0 when one of them has no area.
  @inline(__always)
  func intersectionOverUnion(_ other: BoxCorners) -> Float {
    let area = (bottom - top) * (right - left)
    let otherArea = (other.bottom - other.top) * (other.right - other.left)
    if area <= 0 || otherArea <= 0 { return 0 }
    let height = (other.bottom < bottom ? other.bottom : bottom) - (top < other.top ? other.top : top)
    let width = (other.right < right ? other.right : right) - (left < other.left ? other.left : left)
    let shared = (height < 0 ? 0 : height) * (width < 0 ? 0 : width)
    return shared / (area + otherArea - shared)
  }
}

/// A box that may be selected.
struct BoxCandidate: BitwiseCopyable {
  var box: Int32
  var score: Float
  /// Boxes selected before this many were compared with it already.
  var compared: Int32
}

/// A heap with the greatest score at its root. Candidates of equal score leave it in the order that TFLite's priority queue has.
struct CandidateHeap: ~Copyable, ~Escapable {
  private var items: MutableSpan<BoxCandidate>
  private(set) var count = 0

  /// - Parameter items: memory for as many candidates as will be in the heap at a time.
  @_lifetime(copy items)
  init(_ items: consuming MutableSpan<BoxCandidate>) {
    self.items = items
  }

  mutating func push(_ candidate: BoxCandidate) {
    rise(candidate, from: count)
    count += 1
  }

  private mutating func rise(_ candidate: BoxCandidate, from start: Int) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 2
      guard items[parent].score < candidate.score else { break }
      items[place] = items[parent]
      place = parent
    }
    items[place] = candidate
  }

  /// Takes the root; nil when the heap is empty.
  mutating func pop() -> BoxCandidate? {
    guard count > 0 else { return nil }
    let root = items[0]
    count -= 1
    let last = items[count]
    guard count > 0 else { return root }
    // The hole sinks to a leaf, of equal children to the right one, and the last item rises from there.
    var place = 0
    while 2 * place + 2 < count {
      var child = 2 * place + 2
      if items[child].score < items[child - 1].score { child -= 1 }
      items[place] = items[child]
      place = child
    }
    if 2 * place + 2 == count {
      items[place] = items[2 * place + 1]
      place = 2 * place + 1
    }
    rise(last, from: place)
    return root
  }
}

/// `NON_MAX_SUPPRESSION_V4` and `_V5`: of boxes that overlap, those with the best scores.
///
/// Inputs: boxes `[count, 4]` with the corners (y, x, y, x), scores `[count]`, and the scalars: the greatest number of selected boxes
/// (`int32`), the overlap from which a box is suppressed, the score above which boxes count, and for soft suppression the sigma by which
/// overlap lowers scores. Outputs: the selected boxes' indices, their scores (soft suppression only), zero behind the last selected box; and
/// how many were selected.
struct BoxSelection: Sendable {
  static let elements: [ElementType] = [.int32, .int32]
  static let softElements: [ElementType] = [.int32, .float32, .int32]

  static func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let isSoft = node.inputs.count == 6
    try node.expect(inputs: 5...6, outputs: isSoft ? 3 : 2)
    let boxes = try node.input(0)
    let scores = try node.input(1)
    guard boxes.element == .float32, boxes.shape.rank == 2, boxes.shape[1] == 4 else {
      throw .malformed("the boxes must be float32[count, 4], not \(boxes)")
    }
    guard scores.element == .float32, scores.shape.dimensions == [boxes.shape[0]] else {
      throw .malformed("the scores must be float32[\(boxes.shape[0])], not \(scores)")
    }
    for index in 2..<node.inputs.count {
      let type = try node.input(index)
      let wanted: ElementType = index == 2 ? .int32 : .float32
      guard type.element == wanted, type.shape.rank == 0 else {
        throw .malformed("input \(index) must be a scalar of \(wanted), not \(type)")
      }
    }
    for (index, element) in (isSoft ? softElements : elements).enumerated() {
      guard try node.output(index).element == element else {
        throw .malformed("output \(index) must be \(element), not \(try node.output(index).element)")
      }
    }
    let size = try node.integers(2)
    guard size.count == 1, size[0] >= 0, let shape = Shape([size[0]]) else {
      throw .invalidValue("\(size) is no number of boxes")
    }
    return isSoft ? [shape, shape, .scalar] : [shape, .scalar]
  }

  static func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let count = try node.input(0).shape[0]
    let isSoft = node.inputs.count == 6
    let scratch = count * MemoryLayout<BoxCandidate>.stride
    return Kernel(scratch: [scratch]) { io throws(OperatorError) in
      let sigma = isSoft ? io.input(5, as: Float.self)[0] : 0
      if sigma < 0 { throw .invalidValue("sigma \(sigma) is below 0") }
      let scores = io.input(1, as: Float.self)
      let overlap = io.input(3, as: Float.self)[0]
      let threshold = io.input(4, as: Float.self)[0]
      var heap = CandidateHeap(io.scratch(0, as: BoxCandidate.self, in: 0..<count))
      for box in 0..<count where scores[box] > threshold {
        heap.push(BoxCandidate(box: Int32(truncatingIfNeeded: box), score: scores[box], compared: 0))
      }
      var indices = io.output(0, as: Int32.self)
      let limit = min(heap.count, indices.count)
      let decay: Float = sigma > 0 ? Float(-0.5 / Double(sigma)) : 0
      var found = 0
      var steps = 0
      while found < limit, var candidate = heap.pop() {
        steps += 1
        if steps % 64 == 0 { try io.context.checkStop() }
        let score = candidate.score
        var isSuppressed = false
        let box = corners(io, candidate.box)
        var other = found - 1
        while other >= Int(candidate.compared) {
          let ratio = box.intersectionOverUnion(corners(io, indices[other]))
          if ratio >= overlap {
            isSuppressed = true
            break
          }
          if sigma > 0 { candidate.score *= expf(decay * ratio * ratio) }
          if candidate.score <= threshold { break }
          other -= 1
        }
        candidate.compared = Int32(truncatingIfNeeded: found)
        if isSuppressed { continue }
        if candidate.score == score {
          indices[found] = candidate.box
          if isSoft {
            var results = io.output(1, as: Float.self)
            results[found] = candidate.score
          }
          found += 1
        }
        // A selected box returns too: it suppresses itself, unless it has no area, which TFLite selects again.
        if candidate.score > threshold { heap.push(candidate) }
      }
      for i in found..<indices.count { indices[i] = 0 }
      if isSoft {
        var results = io.output(1, as: Float.self)
        for i in found..<results.count { results[i] = 0 }
      }
      var number = io.output(isSoft ? 2 : 1, as: Int32.self)
      number[0] = Int32(truncatingIfNeeded: found)
    }
  }

  @inline(__always)
  private static func corners(_ io: Operands, _ box: Int32) -> BoxCorners {
    let boxes = io.input(0, as: Float.self, in: 4 * Int(box)..<4 * Int(box) + 4)
    return BoxCorners(boxes[0], boxes[1], boxes[2], boxes[3])
  }
}
