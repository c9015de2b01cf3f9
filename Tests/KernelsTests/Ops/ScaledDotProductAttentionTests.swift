import Glibc
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ScaledDotProductAttentionTests {
  /// The definition, element by element.
  private func attention(
    _ query: [Float], _ key: [Float], _ value: [Float], mask: [Float]?, batch: Int, length: Int, span: Int, heads: Int,
    groups: Int, depth: Int
  ) -> [Float] {
    var result = [Float](repeating: 0, count: query.count)
    for b in 0..<batch {
      for t in 0..<length {
        for h in 0..<heads {
          func q(_ i: Int) -> Double { Double(query[((b * length + t) * heads + h) * depth + i]) }
          func at(_ x: [Float], _ s: Int, _ i: Int) -> Double {
            Double(x[((b * span + s) * groups + h * groups / heads) * depth + i])
          }
          let logits = (0..<span).map { s in
            (0..<depth).reduce(0.0) { $0 + q($1) * at(key, s, $1) } / Double(depth).squareRoot()
              + Double(mask?[t * span + s] ?? 0)
          }
          let weights = logits.map { exp($0 - (logits.max() ?? 0)) }
          let total = weights.reduce(0, +)
          for i in 0..<depth {
            result[((b * length + t) * heads + h) * depth + i] = Float(
              (0..<span).reduce(0.0) { $0 + weights[$1] / total * at(value, $1, i) })
          }
        }
      }
    }
    return result
  }

  @Test(arguments: [1, 15, 16, 17, 35], [(4, 4), (4, 2), (4, 1)])
  func attends(depth: Int, heads: (Int, Int)) throws {
    let (batch, length, span) = (2, 3, 5)
    var generator = SeededGenerator(seed: 5)
    let query = generator.floats(batch * length * heads.0 * depth, in: -2...2)
    let key = generator.floats(batch * span * heads.1 * depth, in: -2...2)
    let value = generator.floats(batch * span * heads.1 * depth, in: -2...2)
    let mask = (0..<length * span).map { $0 % 4 == 3 ? -Float.infinity : 0 }
    for isMasked in [false, true] {
      var inputs = [
        try TestTensor(query, [batch, length, heads.0, depth]), try TestTensor(key, [batch, span, heads.1, depth]),
        try TestTensor(value, [batch, span, heads.1, depth]),
      ]
      if isMasked { inputs.append(try TestTensor(mask, [1, 1, length, span])) }
      let result = try run(
        ScaledDotProductAttention(options: .defaults), inputs, outputs: [(.float32, .none)], threads: 2)[0]
      let expected = attention(
        query, key, value, mask: isMasked ? mask : nil, batch: batch, length: length, span: span, heads: heads.0,
        groups: heads.1, depth: depth)
      #expect(zip(result.floats, expected).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  /// Sizes for which keys and values are read in place (few rows) and packed, one thread and several, masks of every form.
  @Test(arguments: [(1, 40, 8, 2, 64), (1, 70, 4, 4, 33), (20, 70, 8, 2, 40), (70, 33, 2, 1, 3)], [1, 2, 3])
  func attendsInEveryForm(sizes: (Int, Int, Int, Int, Int), threads: Int) throws {
    let (batch, (length, span, heads, groups, depth)) = (2, sizes)
    var generator = SeededGenerator(seed: 9)
    let query = generator.floats(batch * length * heads * depth, in: -2...2)
    let key = generator.floats(batch * span * groups * depth, in: -2...2)
    let value = generator.floats(batch * span * groups * depth, in: -2...2)
    let mask = generator.floats(length * span, in: -3...3)
    let expected = attention(
      query, key, value, mask: mask, batch: batch, length: length, span: span, heads: heads, groups: groups,
      depth: depth)
    let copies = [[Float]](repeating: mask, count: batch * heads).flatMap { $0 }
    for (values, shape) in [
      (mask, [length, span]), (mask, [1, 1, length, span]), (copies, [batch, heads, length, span]),
      (Array(copies[..<(heads * mask.count)]), [1, heads, length, span]),
      (Array(copies[..<(batch * mask.count)]), [batch, 1, length, span]),
    ] {
      let result = try run(
        ScaledDotProductAttention(options: .defaults),
        [
          TestTensor(query, [batch, length, heads, depth]), TestTensor(key, [batch, span, groups, depth]),
          TestTensor(value, [batch, span, groups, depth]), TestTensor(values, shape),
        ], outputs: [(.float32, .none)], threads: threads)[0]
      #expect(zip(result.floats, expected).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  @Test func takesNothing() throws {
    for (length, span) in [(0, 3), (2, 0)] {
      let result = try run(
        ScaledDotProductAttention(options: .defaults),
        [
          TestTensor(zeros: .float32, [1, length, 2, 4]), TestTensor(zeros: .float32, [1, span, 2, 4]),
          TestTensor(zeros: .float32, [1, span, 2, 4]),
        ], outputs: [(.float32, .none)])[0]
      #expect(result.floats == [Float](repeating: 0, count: length * 8))
    }
  }

  @Test func refusesOtherOperands() throws {
    let operation = try ScaledDotProductAttention(options: .defaults)
    func check(_ query: [Int], _ key: [Int], _ value: [Int], _ mask: [Int]?) throws {
      let inputs =
        try [query, key, value].map { try TestTensor(zeros: .float32, $0) }
        + (mask.map { [try TestTensor(zeros: .float32, $0)] } ?? [])
      expectRejection(.malformed, of: operation, inputs, outputs: [(.float32, .none)])
    }
    try check([1, 2, 3, 4], [1, 5, 2, 4], [1, 5, 2, 4], nil)
    try check([1, 2, 4, 4], [1, 5, 2, 4], [1, 6, 2, 4], nil)
    try check([1, 2, 4, 4], [1, 5, 2, 3], [1, 5, 2, 3], nil)
    try check([2, 4, 4], [5, 2, 4], [5, 2, 4], nil)
    try check([1, 2, 4, 4], [1, 5, 2, 4], [1, 5, 2, 4], [1, 1, 2, 4])
    let inputs = try (0..<3).map { _ in try TestTensor(zeros: .float32, [1, 2, 2, 4]) }
    try expectOnly([.float32], for: operation, inputs, changing: [0, 1, 2])
  }
}
