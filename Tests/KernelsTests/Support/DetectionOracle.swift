import Foundation
import KernelTestSupport

/// Boxes of a detector with scores that all differ, and which of them count.
struct DetectionOracle {
  let classes: Int
  let background: Bool
  let encodings: [[Float]]
  let anchors: [[Float]]
  let scores: [[Float]]
  let scale: [Float] = [10, 10, 5, 5]

  static func random(boxes: Int, classes: Int, background: Bool, seed: UInt64) -> DetectionOracle {
    var generator = SeededGenerator(seed: seed)
    let columns = classes + (background ? 1 : 0)
    let all = (0..<boxes * columns).map { Float($0 + 1) / Float(boxes * columns + 1) }.shuffled(using: &generator)
    return DetectionOracle(
      classes: classes, background: background,
      encodings: (0..<boxes).map { _ in generator.floats(5, in: -2...2) },
      anchors: (0..<boxes).map { _ in generator.floats(2, in: 0...1) + generator.floats(2, in: 0.2...0.6) },
      scores: (0..<boxes).map { Array(all[$0 * columns..<($0 + 1) * columns]) })
  }

  func score(_ box: Int, _ category: Int) -> Float { scores[box][category + (background ? 1 : 0)] }

  func corners(_ box: Int) -> [Double] {
    let code = (0..<4).map { Double(encodings[box][$0]) / Double(scale[$0]) }
    let anchor = anchors[box].map { Double($0) }
    let (y, x) = (code[0] * anchor[2] + anchor[0], code[1] * anchor[3] + anchor[1])
    let (h, w) = (exp(code[2]) * anchor[2] / 2, exp(code[3]) * anchor[3] / 2)
    return [y - h, x - w, y + h, x + w]
  }

  private func overlap(_ a: Int, _ b: Int) -> Double {
    let (p, q) = (corners(a), corners(b))
    let shared = max(0, min(p[2], q[2]) - max(p[0], q[0])) * max(0, min(p[3], q[3]) - max(p[1], q[1]))
    return shared / ((p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - shared)
  }

  private func suppress(_ values: [Float], limit: Int, threshold: Float, overlap limitOverlap: Double) -> [Int] {
    var result: [Int] = []
    for box in values.indices.filter({ values[$0] >= threshold }).sorted(by: { values[$0] > values[$1] }) {
      if result.count < limit, result.allSatisfy({ overlap($0, box) <= limitOverlap }) { result.append(box) }
    }
    return result
  }

  /// Box, class and score of each detection, by place in the output.
  func fast(maximum: Int, perDetection: Int, threshold: Float, overlap: Double) -> [Int: (Int, Int, Float)] {
    let best = scores.indices.map { box in
      (0..<classes).sorted { score(box, $0) > score(box, $1) }
    }
    let selected = suppress(
      best.indices.map { score($0, best[$0][0]) }, limit: maximum, threshold: threshold, overlap: overlap)
    var result: [Int: (Int, Int, Float)] = [:]
    for (place, box) in selected.enumerated() {
      for (index, category) in best[box].prefix(perDetection).enumerated() {
        result[place * perDetection + index] = (box, category, score(box, category))
      }
    }
    return result
  }

  func regular(maximum: Int, perClass: Int, threshold: Float, overlap: Double) -> [Int: (Int, Int, Float)] {
    let all = (0..<classes).flatMap { category in
      suppress(
        scores.indices.map { score($0, category) }, limit: min(perClass, maximum), threshold: threshold,
        overlap: overlap
      )
      .map { ($0, category, score($0, category)) }
    }.sorted { $0.2 > $1.2 }
    return Dictionary(uniqueKeysWithValues: Array(all.prefix(maximum).enumerated()).map { ($0.offset, $0.element) })
  }
}
