import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct HashtableFindTests {
  @Test func findsStringsByIntegers() throws {
    let run = try GraphSketch.run {
      let table = try $0.table(from: .int64, to: .string)
      $0.fill(table, try $0.constant([5, -7, 1 << 40] as [Int64]), try $0.constant(strings: ["five", "", "größe"]))
      let operands = [table, $0.input([2, 2], .int64), try $0.constant(strings: ["none", "ignored"])]
      return [$0.node(HashtableFind(options: .defaults), operands, [2, 2], .string)]
    }
    for (keys, found) in [
      ([5, 6, -7, 1 << 40], ["five", "none", "", "größe"]), ([0, 0, 5, 5], ["none", "none", "five", "five"]),
    ] as [([Int64], [String])] {
      try run.set(run.runner.graph.inputs[0], keys)
      try run.invoke()
      #expect(try run.strings(run.runner.graph.outputs[0]) == found)
      #expect(run.shape(run.runner.graph.outputs[0]) == [2, 2])
    }
  }

  @Test(arguments: [0, 1, 7, 100]) func findsIntegersByStrings(count: Int) throws {
    let words = (0..<count).map { "word \($0)" }
    let run = try GraphSketch.run {
      let table = try $0.table(from: .string, to: .int64)
      $0.fill(table, try $0.constant(strings: words), try $0.constant((0..<count).map { Int64($0) * 3 }))
      let operands = [table, $0.input([count + 2], .string), try $0.constant([Int64(-1)], [])]
      return [$0.node(HashtableFind(options: .defaults), operands, [count + 2], .int64)]
    }
    try run.set(run.runner.graph.inputs[0], strings: ["", "word"] + words.reversed())
    try run.invoke()
    let found: [Int64] = try run.values(run.runner.graph.outputs[0])
    #expect(found == [-1, -1] + (0..<count).reversed().map { Int64($0) * 3 })
  }

  @Test func lookingUpNothing() throws {
    let run = try GraphSketch.run {
      let table = try $0.table(from: .int64, to: .string)
      $0.fill(table, try $0.constant([Int64(1)]), try $0.constant(strings: ["a"]))
      let operands = [table, $0.input([0], .int64), try $0.constant(strings: ["none"])]
      return [$0.node(HashtableFind(options: .defaults), operands, [0], .string)]
    }
    try run.invoke()
    #expect(try run.strings(run.runner.graph.outputs[0]) == [])
  }

  @Test func tableMustBeFilled() throws {
    try modelError(.invalidValue, "HASHTABLE_FIND") { try find(.int64, [1], .string, [1], fills: false) }
    // A handle that no table has.
    try modelError(.invalidValue, "HASHTABLE_FIND") {
      try GraphSketch.run {
        let operands = [$0.input([1], .resource), $0.input([1], .int64), $0.input([1], .string)]
        return [$0.node(HashtableFind(options: .defaults), operands, [1], .string)]
      }.invoke()
    }
  }

  /// Looks keys of a type up in a table from `int64` to strings.
  private func find(
    _ key: ElementType, _ table: [Int], _ value: ElementType, _ fallback: [Int], output: ElementType? = nil,
    fills: Bool = true
  ) throws {
    try GraphSketch.run {
      let handle = try $0.table(from: .int64, to: .string)
      if fills { $0.fill(handle, try $0.constant([Int64(1)]), try $0.constant(strings: ["a"])) }
      let operands = [
        table == [1] ? handle : $0.input(table, .resource), $0.input([3], key), $0.input(fallback, value),
      ]
      return [$0.node(HashtableFind(options: .defaults), operands, [3], output ?? value)]
    }.invoke()
  }

  @Test func refusesOtherOperands() throws {
    try find(.int64, [1], .string, [1])
    try modelError(.malformed, "HASHTABLE_FIND") { try find(.int64, [2], .string, [1]) }
    try modelError(.malformed, "HASHTABLE_FIND") { try find(.int64, [1], .string, [0]) }
    try modelError(.malformed, "HASHTABLE_FIND") { try find(.int64, [1], .string, [1], output: .int64) }
    try modelError(.unsupported, "HASHTABLE_FIND") { try find(.int32, [1], .string, [1]) }
    try modelError(.unsupported, "HASHTABLE_FIND") { try find(.int64, [1], .int64, [1]) }
    // Types that a table may have, though not this one.
    try modelError(.invalidValue, "HASHTABLE_FIND") { try find(.string, [1], .int64, [1]) }
  }
}
