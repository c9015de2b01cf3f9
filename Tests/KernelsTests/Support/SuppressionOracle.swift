import Foundation
import KernelTestSupport

/// Non-maximum suppression from the definition, for boxes of some area and scores that all differ.
struct SuppressionOracle {
  let boxes: [[Float]]
  let scores: [Float]

  static func random(_ count: Int, seed: UInt64) -> SuppressionOracle {
    var generator = SeededGenerator(seed: seed)
    let boxes = (0..<count).map { _ in
      let corner = generator.floats(2, in: 0...10)
      let size = generator.floats(2, in: 1...6)
      // Corners come in either order.
      return Bool.random(using: &generator)
        ? [corner[0], corner[1], corner[0] + size[0], corner[1] + size[1]]
        : [corner[0] + size[0], corner[1], corner[0], corner[1] + size[1]]
    }
    let scores = (0..<count).map { Float($0 + 1) / Float(count + 1) }.shuffled(using: &generator)
    return SuppressionOracle(boxes: boxes, scores: scores)
  }

  func overlap(_ a: Int, _ b: Int) -> Float {
    func interval(_ box: Int, _ axis: Int) -> (Float, Float) {
      let (p, q) = (boxes[box][axis], boxes[box][axis + 2])
      return (min(p, q), max(p, q))
    }
    func area(_ box: Int) -> Float { (0..<2).map { interval(box, $0).1 - interval(box, $0).0 }.reduce(1, *) }
    let shared = (0..<2).map { axis in
      max(0, min(interval(a, axis).1, interval(b, axis).1) - max(interval(a, axis).0, interval(b, axis).0))
    }.reduce(1, *)
    return shared / (area(a) + area(b) - shared)
  }

  /// In each round the best box that is left is taken, and the others are lowered or removed by it.
  func select(limit: Int, overlap limitOverlap: Float, threshold: Float, sigma: Float = 0) -> [(Int, Float)] {
    var left = scores.indices.filter { scores[$0] > threshold }.map { ($0, scores[$0]) }
    var result: [(Int, Float)] = []
    while result.count < limit, let best = left.max(by: { $0.1 < $1.1 }) {
      result.append(best)
      left = left.compactMap { box, score in
        if box == best.0 { return nil }
        let ratio = overlap(box, best.0)
        if ratio >= limitOverlap { return nil }
        let lowered = sigma > 0 ? score * exp(-0.5 / sigma * ratio * ratio) : score
        return lowered > threshold ? (box, lowered) : nil
      }
    }
    return result
  }
}
