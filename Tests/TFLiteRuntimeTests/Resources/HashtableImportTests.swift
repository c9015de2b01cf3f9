import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct HashtableImportTests {
  /// Fills a table and looks keys up.
  private func find(
    _ wanted: [Int64], keys: [Int64], values: [String], _ resources: Resources = Resources()
  ) throws -> [String] {
    let run = try GraphSketch.run(resources) {
      let table = try $0.table(from: .int64, to: .string)
      $0.fill(table, try $0.constant(keys), try $0.constant(strings: values))
      let operands = [table, try $0.constant(wanted), try $0.constant(strings: ["none"])]
      return [$0.node(HashtableFind(options: .defaults), operands, [wanted.count], .string)]
    }
    try run.invoke()
    return try run.strings(run.runner.graph.outputs[0])
  }

  @Test func firstOfEqualKeysCounts() throws {
    #expect(try find([3, 1], keys: [1, 3, 1, 3, 3], values: ["a", "b", "c", "d", "e"]) == ["b", "a"])
    #expect(try find([0, .min, .max], keys: [.max, .min], values: ["most", ""]) == ["none", "", "most"])
  }

  @Test func firstImportCounts() throws {
    let resources = Resources()
    #expect(try find([1, 2], keys: [1], values: ["first"], resources) == ["first", "none"])
    #expect(try find([1, 2], keys: [1, 2], values: ["second", "more"], resources) == ["first", "none"])
    resources.reset()
    #expect(try find([1, 2], keys: [1, 2], values: ["second", "more"], resources) == ["second", "more"])
  }

  /// No entries are entries too.
  @Test func emptyImportCounts() throws {
    let resources = Resources()
    #expect(try find([1], keys: [], values: [], resources) == ["none"])
    #expect(try find([1], keys: [1], values: ["late"], resources) == ["none"])
  }

  @Test func bytesAreLimited() throws {
    let values = [String(repeating: "x", count: 1000)]
    try modelError(.invalidValue, "HASHTABLE_IMPORT") {
      _ = try find([1], keys: [1], values: values, Resources(byteLimit: 1000))
    }
    #expect(try find([1], keys: [1], values: values, Resources(byteLimit: 1100)) == values)
  }

  private func fill(
    _ key: ElementType, _ keys: [Int], _ value: ElementType, _ values: [Int], tableKey: ElementType = .int64
  ) throws {
    try GraphSketch.run {
      let table = try $0.table(from: tableKey, to: tableKey == .int64 ? .string : .int64)
      $0.fill(table, $0.input(keys, key), $0.input(values, value))
      return []
    }.invoke()
  }

  @Test func keysAndValuesFitTheTable() throws {
    try fill(.int64, [2], .string, [2])
    try fill(.string, [2, 1], .int64, [2, 1], tableKey: .string)
    try modelError(.invalidValue, "HASHTABLE_IMPORT") { try fill(.string, [2], .int64, [2]) }
    try modelError(.invalidValue, "HASHTABLE_IMPORT") { try fill(.int64, [2], .string, [2], tableKey: .string) }
    try modelError(.malformed, "HASHTABLE_IMPORT") { try fill(.int64, [2], .string, [3]) }
    for (key, value) in [(.int32, .string), (.int64, .int64), (.string, .string), (.string, .float32)]
      as [(ElementType, ElementType)]
    {
      try modelError(.unsupported, "HASHTABLE_IMPORT") { try fill(key, [2], value, [2]) }
    }
  }

  @Test func tableIsOneThatExists() throws {
    for (shape, element) in [([1], .resource), ([2], .resource), ([], .resource), ([1], .int32)]
      as [([Int], ElementType)]
    {
      let isHandle = shape == [1] && element == .resource
      try modelError(isHandle ? .invalidValue : .malformed, "HASHTABLE_IMPORT") {
        try GraphSketch.run {
          $0.fill($0.input(shape, element), try $0.constant([Int64(1)]), try $0.constant(strings: ["a"]))
          return []
        }.invoke()
      }
    }
  }
}
