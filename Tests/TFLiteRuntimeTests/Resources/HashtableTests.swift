import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct HashtableTests {
  private func size(_ number: Int32, _ resources: Resources, from key: ElementType, to value: ElementType) throws
    -> Int64
  {
    let run = try GraphSketch.run(resources) {
      [$0.node(HashtableSize(options: .defaults), [try $0.table(number, from: key, to: value)], [1], .int64)]
    }
    try run.invoke()
    return try run.values(run.runner.graph.outputs[0])[0]
  }

  /// Making a table that is there changes nothing.
  @Test func makesATableOnce() throws {
    let resources = Resources()
    #expect(try size(1, resources, from: .int64, to: .string) == 0)
    try GraphSketch.run(resources) {
      let table = try $0.table(from: .int64, to: .string)
      $0.fill(table, try $0.constant([1, 2] as [Int64]), try $0.constant(strings: ["a", "b"]))
      return []
    }.invoke()
    #expect(try size(1, resources, from: .int64, to: .string) == 2)
    #expect(try size(2, resources, from: .int64, to: .string) == 0)
    #expect(try size(-1, resources, from: .string, to: .int64) == 0)
    resources.reset()
    #expect(try size(1, resources, from: .string, to: .int64) == 0)
  }

  @Test func keysAndValuesAreIntegersAndStrings() throws {
    for key in ElementType.allCases {
      for value in ElementType.allCases {
        let isSupported = [key, value] == [.int64, .string] || [key, value] == [.string, .int64]
        if isSupported { continue }
        let error = #expect(throws: OperatorError.self) {
          var sketch = GraphSketch()
          _ = try sketch.table(from: key, to: value)
        }
        guard case .unsupported = error else {
          Issue.record("\(key) to \(value): \(String(describing: error))")
          continue
        }
      }
    }
  }

  @Test func outputIsAResource() throws {
    let options = try OperatorOptions.table([
      0: .int32(1), 1: .int8(Int8(ElementType.int64.rawValue)), 2: .int8(Int8(ElementType.string.rawValue)),
    ])
    let operation = try Hashtable(options: options)
    for element in [ElementType.int32, .int64, .float32] {
      try modelError(.malformed, "HASHTABLE") {
        try GraphSketch.run { [$0.node(operation, [], [1], element)] }.invoke()
      }
    }
    try modelError(.malformed, "HASHTABLE") {
      try GraphSketch.run { [$0.node(operation, [$0.input([1])], [1], .resource)] }.invoke()
    }
  }
}
