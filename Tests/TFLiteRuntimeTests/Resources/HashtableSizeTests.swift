import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct HashtableSizeTests {
  @Test func countsDifferentKeys() throws {
    for keys in [[], ["a"], ["a", "b", "a"], ["", "", ""]] {
      let run = try GraphSketch.run {
        let table = try $0.table(from: .string, to: .int64)
        let before = $0.node(HashtableSize(options: .defaults), [table], [1], .int64)
        $0.fill(table, try $0.constant(strings: keys), try $0.constant([Int64](repeating: 1, count: keys.count)))
        return [before, $0.node(HashtableSize(options: .defaults), [table], [1], .int64)]
      }
      // The table stays from one invocation to the next.
      for before in [0, Set(keys).count] {
        try run.invoke()
        let sizes = try run.runner.graph.outputs.map { try run.values($0, as: Int64.self) }
        #expect(sizes == [[Int64(before)], [Int64(Set(keys).count)]])
      }
    }
  }

  /// The table is filled by CALL_ONCE, as converters do it.
  @Test func countsWhatCallOnceImported() throws {
    var model = SubgraphSketch()
    try model.add {
      $0.node(try CallOnce(1), [], outputs: [])
      return [$0.node(HashtableSize(options: .defaults), [try $0.table(from: .int64, to: .string)], [1], .int64)]
    }
    try model.add {
      let table = try $0.table(from: .int64, to: .string)
      $0.fill(table, try $0.constant([1, 2, 3] as [Int64]), try $0.constant(strings: ["a", "b", "c"]))
      return []
    }
    let run = try model.run()
    for _ in 0..<2 {
      try run.invoke()
      #expect(try run.values(run.runner.graph.outputs[0], as: Int64.self) == [3])
    }
  }

  @Test func refusesOtherOperands() throws {
    func size(_ shape: [Int], _ element: ElementType, output: ElementType = .int64) throws {
      try GraphSketch.run {
        [$0.node(HashtableSize(options: .defaults), [$0.input(shape, element)], [1], output)]
      }.invoke()
    }
    try modelError(.malformed, "HASHTABLE_SIZE") { try size([2], .resource) }
    try modelError(.malformed, "HASHTABLE_SIZE") { try size([1], .int32) }
    try modelError(.malformed, "HASHTABLE_SIZE") { try size([1], .resource, output: .int32) }
    try modelError(.invalidValue, "HASHTABLE_SIZE") { try size([1], .resource) }
  }
}
