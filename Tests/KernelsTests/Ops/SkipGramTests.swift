import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SkipGramTests {
  private func operation(_ size: Int32, skip: Int32, shorter: Bool) throws -> SkipGram {
    try SkipGram(options: .table([0: .int32(size), 1: .int32(skip), 2: .bool(shorter)]))
  }

  private func grams(_ sentence: [String], _ operation: SkipGram) throws -> [String] {
    let result = try run(operation, [try TestTensor(strings: sentence)], outputs: [(.string, .none)])[0]
    let strings = try #require(result.strings)
    #expect(result.type.shape.dimensions == [strings.count])
    return strings
  }

  /// All subsets of places whose neighbours are at most `skip` words apart, from the definition.
  private func expected(_ words: [String], size: Int, skip: Int, shorter: Bool) -> [String] {
    guard words.count >= size else { return [] }
    return (1..<(1 << words.count)).compactMap { bits -> String? in
      let places = words.indices.filter { bits >> $0 & 1 == 1 }
      let isNear = zip(places, places.dropFirst()).allSatisfy { $1 - $0 - 1 <= skip }
      let fits = shorter ? places.count <= size : places.count == size
      return isNear && fits ? places.map { words[$0] }.joined(separator: " ") : nil
    }
  }

  @Test(arguments: [1, 2, 3, 4]) func findsAllGrams(size: Int) throws {
    for count in 0...8 {
      let words = (0..<count).map { String(UnicodeScalar(UInt8(97 + $0))) }
      for skip in 0...4 {
        for shorter in [false, true] {
          let found = try grams(
            [words.joined(separator: " ")], operation(Int32(size), skip: Int32(skip), shorter: shorter))
          #expect(
            found.sorted() == expected(words, size: size, skip: skip, shorter: shorter).sorted(),
            "\(count) words, size \(size), skip \(skip), shorter \(shorter)")
        }
      }
    }
  }

  /// Longer ones before the shorter ones that they begin with.
  @Test func orderIsByPlace() throws {
    #expect(try grams(["a b c"], operation(2, skip: 1, shorter: false)) == ["a b", "a c", "b c"])
    #expect(try grams(["a b c"], operation(2, skip: 0, shorter: true)) == ["a b", "a", "b c", "b", "c"])
  }

  @Test func anyWhiteSpaceSeparates() throws {
    #expect(try grams(["one\ttwo\n three\u{B}\u{C}four\r"], operation(1, skip: 0, shorter: false)).count == 4)
    for blank in ["", " \t\n"] { #expect(try grams([blank], operation(1, skip: 0, shorter: true)) == []) }
    #expect(try grams(["größe über"], operation(2, skip: 0, shorter: false)) == ["größe über"])
  }

  /// As in TFLite white space at the start is part of the first word: that is lost where another follows it, and kept where none does.
  @Test func whiteSpaceAtTheStart() throws {
    for (sentence, words) in [(" ", [" "]), (" a", [" a"]), (" a b", ["b"])] {
      #expect(try grams([sentence], operation(1, skip: 0, shorter: false)) == words)
    }
  }

  @Test func onlyTheFirstStringCounts() throws {
    #expect(try grams(["a b", "c d"], operation(2, skip: 0, shorter: false)) == ["a b"])
    #expect(try grams([], operation(1, skip: 0, shorter: false)) == [])
  }

  /// Their number grows without bound; so many are an error.
  @Test(.timeLimit(.minutes(1))) func numberIsLimited() throws {
    let sentence = try TestTensor(strings: [[String](repeating: "w", count: 60).joined(separator: " ")])
    expectRejection(
      .invalidValue, of: try operation(30, skip: 100, shorter: false), [sentence], outputs: [(.string, .none)])
  }

  @Test func refusesBadOptions() throws {
    for size: Int32 in [0, -1, .min] { expectRefusedOptions(size, skip: 1) }
    // Without a word between neighbours there is no gram of two.
    #expect(try grams(["a b c"], operation(2, skip: -1, shorter: false)) == [])
    // Longer than any sentence.
    #expect(try grams(["a b c"], operation(.max, skip: .max, shorter: true)) == [])
  }

  private func expectRefusedOptions(_ size: Int32, skip: Int32) {
    #expect(throws: OperatorError.self) { try operation(size, skip: skip, shorter: false) }
  }

  @Test func refusesOtherOperands() throws {
    let operation = try operation(1, skip: 0, shorter: false)
    let sentence = try TestTensor(strings: ["a"])
    expectOperandCounts(operation, [sentence], outputs: [(.string, .none)])
    expectRejection(of: operation, [try TestTensor([1] as [Float])], outputs: [(.string, .none)])
    expectRejection(of: operation, [sentence], outputs: [(.float32, .none)])
  }
}
