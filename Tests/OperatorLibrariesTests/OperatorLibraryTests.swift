import Foundation
import Glibc
import Kernels
import ModelTestSupport
import OperatorLibraries
import TFLiteRuntime
import TensorTypes
import Testing

/// A model of one custom operator on four floats.
func model(
  _ name: String, operators: OperatorTable, options: [UInt8] = [0, 0, 0, 64],
  input: (ModelBuilder.Table, Int8) = ([:], 0),
  limits: Limits = .standard
) throws -> Model {
  var model = ModelBuilder()
  let custom = model.code(32, custom: name)
  var graph = ModelBuilder.Subgraph()
  let x = graph.tensor([4], type: input.1, name: "x", input.0)
  let y = graph.tensor([4], name: "y")
  graph.node(custom, [x], [y], [5: .bytes(options)])
  graph.inputs = [x]
  graph.outputs = [y]
  model.subgraphs = [graph]
  return try Model(bytes: model.bytes(), operators: operators, limits: limits)
}

func table() throws -> OperatorTable { .builtin.adding(try OperatorLibrary(path: try CompiledLibrary.operators.get())) }

@Suite struct OperatorLibraryTests {
  @Test(arguments: [1, 2]) func theExampleRuns(threads: Int) throws {
    let library = try OperatorLibrary(path: try CompiledLibrary.make("Examples/OperatorLibrary/scale_and_shift.c"))
    #expect(library.registrations.map(\.definition.name) == ["ScaleAndShift"])
    let model = try Model(contentsOf: CompiledLibrary.example, operators: .builtin.adding(library))
    let interpreter = try Interpreter(model, options: .init(threads: threads))
    for batch in [1, 3, 20_000] {
      try interpreter.resizeInput(0, to: [batch, 4])
      let values = (0..<batch * 4).map { Float($0 % 100 - 20) }
      try interpreter.setInput(0, values)
      try interpreter.invoke()
      #expect(try interpreter.output(0).values(as: Float.self) == values.map { max(2 * $0 - 1, 0) })
    }
  }

  @Test func theExampleChecksItsOptions() throws {
    let library = try OperatorLibrary(path: try CompiledLibrary.make("Examples/OperatorLibrary/scale_and_shift.c"))
    let model = try model("ScaleAndShift", operators: .builtin.adding(library))
    let error = #expect(throws: ModelError.self) { try Interpreter(model) }
    #expect(error?.kind == .malformed && error?.message.hasSuffix("wants two float32 as its options") == true)
  }

  @Test(arguments: [1, 2]) func scratchStateAndLoops(threads: Int) throws {
    let interpreter = try Interpreter(try model("Sum", operators: try table()), options: .init(threads: threads))
    for count in [0, 1, 4, 1000] {
      try interpreter.resizeInput(0, to: [count])
      try interpreter.setInput(0, [Float](repeating: 1, count: count))
      try interpreter.invoke()
      // The factor in the options is 2.
      #expect(try interpreter.output(0).values(as: Float.self) == (0..<count).map { 2 * Float($0 + 1) })
    }
  }

  @Test func shapesThatDependOnValues() throws {
    var builder = ModelBuilder()
    let custom = builder.code(32, custom: "Repeat")
    var graph = ModelBuilder.Subgraph()
    let n = graph.tensor([1], type: 2, name: "n")
    let y = graph.tensor([1], name: "y", [7: .int32s([-1])])
    graph.node(custom, [n, -1], [y])
    graph.inputs = [n]
    graph.outputs = [y]
    builder.subgraphs = [graph]
    let interpreter = try Interpreter(try Model(bytes: builder.bytes(), operators: try table()))
    for length in [3, 0, 5, 5] as [Int32] {
      try interpreter.setInput(0, [length])
      try interpreter.invoke()
      #expect(try interpreter.output(0).values(as: Float.self) == [Float](repeating: 7, count: Int(length)))
    }
    try interpreter.setInput(0, [-1] as [Int32])
    #expect(throws: ModelError.self) { try interpreter.invoke() }
  }

  @Test func operandsAreDescribed() throws {
    let perTensor: ModelBuilder.Table = [4: .table([2: .floats([0.5]), 3: .int64s([-3])])]
    let perChannel: ModelBuilder.Table = [
      4: .table([2: .floats([1, 2, 3, 4]), 3: .int64s([0, 0, 0, 0]), 6: .int32(0)])
    ]
    let cases: [(ModelBuilder.Table, Int8, [Float])] = [
      ([:], 0, [-1, -1, 0, 0, 0, 1]), (perTensor, 9, [0.5, -3, 1, 0, 9, 1]), (perChannel, 9, [4, 0, 4, 0, 9, 1]),
    ]
    for (input, type, expected) in cases {
      let interpreter = try Interpreter(try model("Describe", operators: try table(), input: (input, type)))
      try interpreter.invoke()
      #expect(try interpreter.output(0).values(as: Float.self) == expected)
    }
  }

  @Test func stringsAreRefused() throws {
    let model = try model("Copy", operators: try table(), input: ([:], 5))
    let error = #expect(throws: ModelError.self) {
      let interpreter = try Interpreter(model)
      try interpreter.invoke()
    }
    #expect(error?.kind == .unsupported)
  }

  @Test func whatWasMadeIsTakenBackAndTheLibraryIsClosed() throws {
    let path = try CompiledLibrary.entry(0)
    func isOpen() -> Bool {
      guard let handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD) else { return false }
      dlclose(handle)
      return true
    }
    func live(_ symbol: String) throws -> Int32 {
      let handle = try #require(dlopen(path, RTLD_NOW | RTLD_NOLOAD))
      defer { dlclose(handle) }
      return unsafeBitCast(try #require(dlsym(handle, symbol)), to: (@convention(c) () -> Int32).self)()
    }
    #expect(!isOpen())
    var interpreter: Interpreter?
    do {
      // Only the interpreter keeps the library open.
      interpreter = try Interpreter(
        try model("Sum", operators: .builtin.adding(try OperatorLibrary(path: path))))
      try interpreter?.invoke()
    }
    #expect(isOpen())
    #expect(try live("live_instances") == 1)
    #expect(try live("live_states") == 1)
    try interpreter?.resizeInput(0, to: [9])
    try interpreter?.invoke()
    #expect(try live("live_states") == 1)
    let model = interpreter?.model
    interpreter = nil
    #expect(try live("live_states") == 0)
    #expect(try live("live_instances") == 1)
    withExtendedLifetime(model) {}
  }

  @Test func theLibraryIsClosedInTheEnd() throws {
    let path = try CompiledLibrary.entry(0)
    do {
      let interpreter = try Interpreter(try model("Sum", operators: .builtin.adding(try OperatorLibrary(path: path))))
      try interpreter.invoke()
    }
    #expect(dlopen(path, RTLD_NOW | RTLD_NOLOAD) == nil)
  }
}
