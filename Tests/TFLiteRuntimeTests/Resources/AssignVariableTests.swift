import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct AssignVariableTests {
  /// A run that assigns a value and reads it back.
  private func run(
    _ dimensions: [Int], _ element: ElementType, _ resources: Resources = Resources()
  ) throws -> GraphRun {
    try GraphSketch.run(resources) {
      let handle = try $0.handle()
      $0.assign(handle, $0.input(dimensions, element))
      return [$0.read(handle, dimensions, element)]
    }
  }

  @Test(arguments: ElementType.allCases.filter { $0 != .string }) func keepsBytesOfAnyType(element: ElementType) throws
  {
    for dimensions in [[0], [1], [7], [16], [17, 3], [2, 0, 3]] {
      guard let count = element.byteCount(of: dimensions.reduce(1, *)) else { continue }
      let run = try run(dimensions, element)
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 37 &* $0 &+ 1) }
      try run.set(run.runner.graph.inputs[0], bytes)
      try run.invoke()
      #expect(try run.values(run.runner.graph.outputs[0]) == bytes, "\(element) \(dimensions)")
    }
  }

  @Test func keepsStrings() throws {
    let run = try run([2, 2], .string)
    for words in [["", "a", "bc", "größe"], ["x", "", "", "longer than before"]] {
      try run.set(run.runner.graph.inputs[0], strings: words)
      try run.invoke()
      #expect(try run.strings(run.runner.graph.outputs[0]) == words)
    }
  }

  /// What is read is a copy: a later assignment does not change it.
  @Test func laterAssignmentsCountLater() throws {
    let run = try GraphSketch.run {
      let handle = try $0.handle()
      $0.assign(handle, try $0.constant([Float(1)]))
      let first = $0.read(handle, [1])
      $0.assign(handle, try $0.constant([Float(2)]))
      return [first, $0.read(handle, [1])]
    }
    for _ in 0..<2 {
      try run.invoke()
      #expect(try run.runner.graph.outputs.map { try run.floats($0) } == [[1], [2]])
    }
  }

  /// The limit counts what is held, not what was ever assigned.
  @Test func bytesAreLimited() throws {
    let resources = Resources(byteLimit: 64)
    let exact = try run([16], .float32, resources)
    for _ in 0..<3 { try exact.invoke() }
    try modelError(.invalidValue, "ASSIGN_VARIABLE") { try run([17], .float32, resources).invoke() }
    // The value that was there stays.
    try GraphSketch.run(resources) { [$0.read(try $0.handle(), [16])] }.invoke()
    let other = try GraphSketch.run(resources) {
      $0.assign(try $0.handle("w"), try $0.constant([Int8(1)]))
      return []
    }
    try modelError(.invalidValue, "ASSIGN_VARIABLE") { try other.invoke() }
    try run([15], .float32, resources).invoke()
    try other.invoke()
    resources.reset()
    try exact.invoke()
  }

  /// A variable assigned in a branch is read after it.
  @Test func assignsInsideASubgraph() throws {
    var model = SubgraphSketch()
    try model.add {
      let handle = try $0.handle()
      $0.assign(handle, try $0.constant([Float(-1)]))
      let x = $0.input([1])
      $0.node(try If(then: 1, otherwise: 2), [$0.input([], .bool), x], outputs: [])
      return [$0.read(handle, [1])]
    }
    try model.add {
      $0.assign(try $0.handle(), $0.input([1]))
      return []
    }
    model.add {
      _ = $0.input([1])
      return []
    }
    let run = try model.run()
    for value in [true, false, true] {
      try run.set(run.runner.graph.inputs[0], [Float(9)])
      try run.set(run.runner.graph.inputs[1], [value])
      try run.invoke()
      #expect(try run.floats(run.runner.graph.outputs[0]) == [value ? 9 : -1])
    }
  }

  @Test func operandsAreAHandleAndAValue() throws {
    for (shape, element) in [([2], .resource), ([1], .float32), ([], .int64)] as [([Int], ElementType)] {
      try modelError(.malformed, "ASSIGN_VARIABLE") {
        try GraphSketch.run {
          $0.assign($0.input(shape, element), $0.input([1]))
          return []
        }.invoke()
      }
    }
    try modelError(.malformed, "ASSIGN_VARIABLE") {
      try GraphSketch.run {
        $0.node(AssignVariable(options: .defaults), [try $0.handle()], outputs: [])
        return []
      }.invoke()
    }
  }
}
