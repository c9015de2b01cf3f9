import FlatBuffers
import KernelTestSupport
import Kernels
import ModelTestSupport
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct ReadVariableTests {
  private func assign(_ dimensions: [Int], _ resources: Resources) throws {
    try GraphSketch.run(resources) {
      let values = (0..<dimensions.reduce(1, *)).map { Float($0) }
      $0.assign(try $0.handle(), try $0.constant(values, dimensions))
      return []
    }.invoke()
  }

  @Test func readingBeforeAssigningIsAnError() throws {
    let resources = Resources()
    for shape in [[], [2]] {
      let run = try GraphSketch.run(resources) { [$0.read(try $0.handle(), shape)] }
      try modelError(.invalidValue, subgraph: 0, "READ_VARIABLE") { try run.invoke() }
    }
    // Nor does a number that nobody gave out name a variable.
    let run = try GraphSketch.run(resources) { [$0.read($0.input([1], .resource), [2])] }
    for handle in [0, 1, -1, .max, .min] as [Int32] {
      try run.set(run.runner.graph.inputs[0], [handle])
      try modelError(.invalidValue, "READ_VARIABLE") { try run.invoke() }
    }
  }

  /// A scalar stands for any shape, which may change from one invocation to the next.
  @Test func scalarTakesTheVariablesShape() throws {
    let resources = Resources()
    let run = try GraphSketch.run(resources) {
      [$0.node(Neg(options: .defaults), [$0.read(try $0.handle(), [])], [])]
    }
    for dimensions in [[3], [3], [2, 2], [], [0], [1, 17]] {
      try assign(dimensions, resources)
      try run.invoke()
      let output = run.runner.graph.outputs[0]
      #expect(run.shape(output) == dimensions)
      #expect(try run.floats(output) == (0..<dimensions.reduce(1, *)).map { -Float($0) })
    }
  }

  @Test func otherShapesMustHaveAsManyElements() throws {
    let resources = Resources()
    try assign([2, 3], resources)
    for shape in [[2, 3], [6], [3, 2]] {
      let run = try GraphSketch.run(resources) { [$0.read(try $0.handle(), shape)] }
      try run.invoke()
      #expect(run.shape(run.runner.graph.outputs[0]) == shape)
      #expect(try run.floats(run.runner.graph.outputs[0]) == [0, 1, 2, 3, 4, 5])
    }
    for shape in [[2], [7], [1], [0]] {
      let run = try GraphSketch.run(resources) { [$0.read(try $0.handle(), shape)] }
      try modelError(.invalidValue, "READ_VARIABLE") { try run.invoke() }
    }
  }

  @Test(arguments: [ElementType.int32, .int8, .bool, .string]) func typesMustAgree(element: ElementType) throws {
    let resources = Resources()
    try assign([2], resources)
    for shape in [[2], []] {
      let run = try GraphSketch.run(resources) { [$0.read(try $0.handle(), shape, element)] }
      try modelError(.invalidValue, "READ_VARIABLE") { try run.invoke() }
    }
  }

  /// A loop that counts a variable up.
  @Test func readsInsideALoop() throws {
    var model = SubgraphSketch()
    try model.add {
      let handle = try $0.handle()
      $0.assign(handle, try $0.constant([Float(0)]))
      let limit = $0.input([1])
      return [
        $0.node(try While(condition: 1, body: 2), [limit], [1]), $0.read(handle, [1]),
      ]
    }
    try model.add { [$0.node(Less(options: .defaults), [$0.read(try $0.handle(), [1]), $0.input([1])], [1], .bool)] }
    try model.add {
      let handle = try $0.handle()
      let limit = $0.input([1])
      $0.assign(handle, try $0.sum($0.read(handle, [1]), try $0.constant([Float(1)])))
      return [limit]
    }
    let run = try model.run()
    for limit: Float in [3, 0, 20] {
      try run.set(run.runner.graph.inputs[0], [limit])
      try run.invoke()
      #expect(try run.floats(run.runner.graph.outputs[1]) == [limit])
    }
  }

  /// A model with the signatures `write` (x) and `read` (y).
  private func signatures() throws -> Model {
    var model = ModelBuilder()
    let (handle, read, assign) = (model.code(142), model.code(143), model.code(144))
    for isWriting in [true, false] {
      var graph = ModelBuilder.Subgraph()
      let name = graph.tensor([1], type: 13, name: "handle")
      let value = graph.tensor([2], name: "value")
      graph.node(handle, [], [name], [3: .int8(111), 4: .table([0: .string("c"), 1: .string("v")])])
      if isWriting { graph.node(assign, [name, value], []) } else { graph.node(read, [name], [value]) }
      if isWriting { graph.inputs = [value] } else { graph.outputs = [value] }
      model.subgraphs.append(graph)
    }
    model.signatures = [
      ModelBuilder.signature("write", inputs: [("x", 1)], outputs: []),
      ModelBuilder.signature("read", inputs: [], outputs: [("y", 1)], subgraph: 1),
    ]
    return try Model(SharedBytes(copying: model.bytes().span.bytes))
  }

  @Test func signaturesShareResources() throws {
    let model = try signatures()
    let options = Interpreter.Options(resources: Resources())
    let writer = try Interpreter(model, signature: "write", options: options)
    let reader = try Interpreter(model, signature: "read", options: options)
    let stranger = try Interpreter(model, signature: "read")
    for value: Float in [1, 2] {
      try writer.setInput(0, [value, -value])
      try writer.invoke()
      try reader.invoke()
      #expect(try reader.output(0).values(as: Float.self) == [value, -value])
      try modelError(.invalidValue, subgraph: 1, "READ_VARIABLE") { try stranger.invoke() }
    }
    reader.resources.reset()
    try modelError(.invalidValue) { try reader.invoke() }
  }
}
