import Foundation
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// How an interpreter is used, and what it says when it is used wrongly.
@Suite struct InterpreterTests {
  private func error(_ body: () throws -> Void) -> ModelError? {
    #expect(throws: ModelError.self) { try body() }
  }

  private let vector: [Float] = [1, -2, 3.5, 0, 5, 6, 7, 8, 9, 10, 11, 12]

  @Test func namesAndIndices() throws {
    let model = try TestModels.load("two_signatures")
    let interpreter = try Interpreter(model, signature: "scale")
    #expect(interpreter.signature?.key == "scale" && interpreter.subgraph == 0)
    #expect(interpreter.inputs.map(\.name) == ["x"] && interpreter.inputs.map(\.tensorName) == ["scale_x"])
    #expect(interpreter.outputs.map(\.name) == ["y"] && interpreter.outputs.map(\.tensorName) == ["scale_t1"])
    #expect(interpreter.inputIndex(named: "x") == 0 && interpreter.inputIndex(named: "scale_x") == 0)
    #expect(interpreter.outputIndex(named: "y") == 0 && interpreter.outputIndex(named: "scale_t1") == 0)
    #expect(interpreter.inputIndex(named: "y") == nil && interpreter.outputIndex(named: "x") == nil)
    #expect(try Interpreter(model, signature: "shift").subgraph == 1)

    let x = try #require(Tensor(vector, shape: [3, 4]))
    let named = try interpreter(["x": x])
    #expect(Array(named.keys) == ["y"])
    try interpreter.setInput(0, vector)
    try interpreter.invoke()
    #expect(try interpreter.output(0) == named["y"])
    #expect(try interpreter(["scale_x": x]) == named)
  }

  @Test func unknownNames() throws {
    let model = try TestModels.load("two_signatures")
    let wrongSignature = error { _ = try Interpreter(model, signature: "serve") }
    #expect(wrongSignature?.kind == .invalidArgument)
    #expect(wrongSignature?.message.contains("'scale', 'shift'") == true)
    let interpreter = try Interpreter(model)
    let x = try #require(Tensor(vector, shape: [3, 4]))
    let wrongInput = error { _ = try interpreter(["z": x]) }
    #expect(wrongInput?.kind == .invalidArgument && wrongInput?.message.contains("'z'") == true)
    let missing = error { _ = try interpreter([:]) }
    #expect(missing?.kind == .invalidArgument && missing?.message.contains("'x'") == true)
  }

  @Test(arguments: [-1, 1, Int.min, Int.max]) func unknownIndices(index: Int) throws {
    let interpreter = try Interpreter(try TestModels.load("two_signatures"))
    try interpreter.invoke()
    let x = try #require(Tensor(vector, shape: [3, 4]))
    let errors = [
      error { try interpreter.resizeInput(index, to: [3, 4]) }, error { try interpreter.setInput(index, vector) },
      error { try interpreter.setInput(index, bytes: vector.span.bytes) }, error { try interpreter.setInput(index, x) },
      error { _ = try interpreter.input(index, as: Float.self).count },
      error { _ = try interpreter.output(index, as: Float.self).count }, error { _ = try interpreter.output(index) },
    ]
    for error in errors { #expect(error?.kind == .invalidArgument && error?.message.contains("\(index)") == true) }
    if index != 1 {
      #expect(error { _ = try interpreter.tensor(TensorID(index)) }?.kind == .invalidArgument)
    }
  }

  @Test func wrongTypesSizesAndShapes() throws {
    let interpreter = try Interpreter(try TestModels.load("dynamic_batch"))
    try interpreter.invoke()
    let wrong = [
      error { _ = try interpreter.input(0, as: Int32.self).count },
      error { _ = try interpreter.output(0, as: Double.self).count },
      error { try interpreter.setInput(0, [Int8](0..<6)) },
      error { try interpreter.setInput(0, [Float](repeating: 0, count: 5)) },
      error { try interpreter.setInput(0, [Float]()) },
      error { try interpreter.setInput(0, bytes: [UInt8](repeating: 0, count: 23).span.bytes) },
      error { try interpreter.setInput(0, try #require(Tensor([Int32](0..<6), shape: [1, 6]))) },
      error { try interpreter.resizeInput(0, to: [-1, 6]) }, error { try interpreter.resizeInput(0, to: [1 << 40]) },
      error { try interpreter.resizeInput(0, to: [1 << 30, 1 << 30, 1 << 30]) },
    ]
    #expect(error { try interpreter.resizeInput(0, to: [1 << 20, 1 << 20]) }?.kind == .limitExceeded)
    for error in wrong {
      #expect(error?.kind == .invalidArgument, "\(String(describing: error))")
      #expect((error?.location.tensorName?.count ?? 0) > 0)
    }
    // A shape that is one, but not for this model, is found when it is allocated; then another one can be given.
    try interpreter.resizeInput(0, to: [2, 7])
    let unfit = error { try interpreter.allocate() }
    #expect(unfit?.location.operatorName == "FULLY_CONNECTED" && unfit?.location.operatorIndex == 0)
    try interpreter.resizeInput(0, to: [1, 6])
    try interpreter.invoke()
    _ = try interpreter.output(0)
  }

  @Test func largeBatchMeetsTheLimit() throws {
    let limits = Limits(arenaBytes: 1 << 20)
    let model = try Model(contentsOf: TestModels.path("dynamic_batch"), limits: limits)
    let interpreter = try Interpreter(model)
    try interpreter.resizeInput(0, to: [1 << 16, 6])
    #expect(error { try interpreter.allocate() }?.kind == .limitExceeded)
    try interpreter.resizeInput(0, to: [1 << 10, 6])
    try interpreter.invoke()
  }

  @Test func outputsNeedAnInvocation() throws {
    let interpreter = try Interpreter(try TestModels.load("dynamic_batch"))
    func expectNone() {
      #expect(error { _ = try interpreter.output(0) }?.kind == .invalidState)
      #expect(error { _ = try interpreter.output(0, as: Float.self).count }?.kind == .invalidState)
    }
    expectNone()
    try interpreter.allocate()
    expectNone()
    try interpreter.invoke()
    _ = try interpreter.output(0)
    try interpreter.resizeInput(0, to: [2, 6])
    expectNone()
    try interpreter.invoke()
    // The shape that it has already changes nothing.
    try interpreter.resizeInput(0, to: [2, 6])
    _ = try interpreter.output(0)
    #expect(error { try interpreter.invoke(deadline: .zero) }?.kind == .deadlineExceeded)
    expectNone()
  }

  @Test func spansAreTheCopies() throws {
    let interpreter = try Interpreter(try TestModels.load("dynamic_batch"))
    var input = try interpreter.input(0, as: Float.self)
    for index in input.indices { input[index] = Float(index) - 2.5 }
    try interpreter.invoke()
    let output = try interpreter.output(0, as: Float.self)
    let spanned = output.indices.map { output[$0] }
    #expect(try interpreter.output(0).values(as: Float.self) == spanned)
    #expect(
      try interpreter.tensor(interpreter.inputs[0].tensor).values(as: Float.self) == [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
    // Inputs stay over invocations.
    try interpreter.invoke()
    #expect(try interpreter.output(0).values(as: Float.self) == spanned)
    let other = try Interpreter(interpreter.model)
    try other.setInput(0, (0..<6).map { Float($0) - 2.5 })
    try other.invoke()
    #expect(try other.output(0).values(as: Float.self) == spanned)
  }

  @Test func resizeAndBack() throws {
    let interpreter = try Interpreter(try TestModels.load("dynamic_batch"))
    let row: [Float] = [1, 2, 3, -4, 5, 6]
    try interpreter.setInput(0, row)
    try interpreter.invoke()
    let one = try #require(interpreter.output(0).values(as: Float.self))
    for rows in [7, 1, 33, 1] {
      let batch = try #require(Tensor([[Float]](repeating: row, count: rows).flatMap { $0 }, shape: [rows, 6]))
      try interpreter.setInput(0, batch)
      #expect(interpreter.inputs[0].type.shape.dimensions == [rows, 6])
      try interpreter.invoke()
      #expect(interpreter.outputs[0].type.shape.dimensions == [rows, 5])
      let output = try #require(interpreter.output(0).values(as: Float.self))
      #expect(output == [[Float]](repeating: one, count: rows).flatMap { $0 })
    }
  }

  @Test func intermediateTensors() throws {
    let model = try TestModels.load("dynamic_batch")
    let kept = try Interpreter(model, options: .init(preservesIntermediates: true))
    let logits = TensorID(model.subgraphs[0].nodes[0].outputs[0].index)
    try kept.setInput(0, [Float](0..<6 as Range<Int>).map { $0 / 6 })
    #expect(error { _ = try kept.tensor(logits) }?.kind == .invalidState)
    try kept.invoke()
    let values = try #require(kept.tensor(logits).values(as: Float.self))
    let largest = values.max() ?? 0
    let exponents = values.map { exponential($0 - largest) }
    let sum = exponents.reduce(0, +)
    let output = try #require(kept.output(0).values(as: Float.self))
    #expect(zip(output, exponents).allSatisfy { abs($0 - $1 / sum) < 1e-5 })

    let interpreter = try Interpreter(model)
    try interpreter.invoke()
    let refused = error { _ = try interpreter.tensor(logits) }
    #expect(refused?.kind == .invalidState && refused?.location.tensor == logits.index)
    // Constants and inputs are there in any case.
    let weights = try #require(model.subgraphs[0].nodes[0].inputs[1])
    #expect(try interpreter.tensor(weights).type.shape.dimensions == [5, 6])
  }

  /// Quantisation tools leave signatures that name a tensor before the last operators. Such a model is made of a fixture here, by changing the
  /// one word that names its signature's output.
  @Test func signatureOutputsThatAreComputedOnTheWay() throws {
    let stored = try Data(contentsOf: URL(filePath: TestModels.path("dynamic_batch")))
    let original = try Model(bytes: Array(stored))
    let logits = original.subgraphs[0].nodes[0].outputs[0]
    let kept = try Interpreter(original, options: .init(preservesIntermediates: true))
    try kept.setInput(0, [Float](0..<6 as Range<Int>))
    try kept.invoke()
    var found = 0
    for position in stride(from: 0, to: stored.count - 3, by: 4) {
      guard Array(stored[position..<position + 4]) == [2, 0, 0, 0] else { continue }
      var bytes = Array(stored)
      bytes[position] = 1
      guard let model = try? Model(bytes: bytes), model.signatures.first?.outputs.first?.tensor == logits,
        model.subgraphs[0].outputs == original.subgraphs[0].outputs
      else { continue }
      found += 1
      let interpreter = try Interpreter(model, signature: "serving_default")
      try interpreter.setInput(0, [Float](0..<6 as Range<Int>))
      try interpreter.invoke()
      #expect(try interpreter.output(0) == kept.tensor(logits))
      // Without a signature's name, the outputs are the subgraph's.
      let plain = try Interpreter(model)
      try plain.setInput(0, [Float](0..<6 as Range<Int>))
      try plain.invoke()
      #expect(try plain.output(0) == kept.output(0))
    }
    #expect(found == 1)
  }

  /// By its series, which is good enough near 0.
  private func exponential(_ x: Float) -> Float {
    var (sum, term) = (1.0, 1.0)
    for n in 1..<60 {
      term *= Double(x) / Double(n)
      sum += term
    }
    return Float(sum)
  }

  @Test func customOperator() throws {
    let interpreter = try Interpreter(try TestModels.custom())
    try interpreter.setInput(0, [1, 2, 3, 4] as [Float])
    try interpreter.invoke()
    #expect(try interpreter.output(0).values(as: Float.self) == [2, 3, 4, 5])
    #expect(interpreter.placement.operators.map(\.name) == ["NoSuchOperator"])
    // Without the operator, the model loads and says what it lacks.
    let model = try TestModels.load("unknown_custom_operator")
    let missing = error { _ = try Interpreter(model) }
    #expect(missing?.kind == .unsupported && missing?.location.operatorName == "NoSuchOperator")
  }

  @Test func profilerCountsEveryStep() throws {
    let interpreter = try Interpreter(try TestModels.load("digits_float32"))
    let profiler = Profiler()
    interpreter.profiler = profiler
    for _ in 0..<3 { try interpreter.invoke() }
    #expect(!profiler.entries.isEmpty && profiler.entries.allSatisfy { $0.invocations == 3 })
    #expect(profiler.entries.allSatisfy { $0.minimumNanoseconds * 3 <= $0.totalNanoseconds })
    // A step that stands for several operators has their names.
    let names = profiler.entries.flatMap { $0.name.split(separator: "+").map { $0.filter { $0 != " " } } }
    #expect(Set(names).isSubset(of: Set(interpreter.placement.operators.map(\.name))))
  }
}

extension [Float] {
  fileprivate init(_ range: Range<Int>) { self = range.map { Float($0) } }
}
