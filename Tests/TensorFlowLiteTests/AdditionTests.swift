import Delegates
import Foundation
import ModelTestSupport
import Synchronization
import Testing

import struct TFLiteRuntime.ModelError

@testable import TensorFlowLite

// What TensorFlowLiteSwift does not have, and where it leaves open what happens.

@Suite(.serialized) struct AdditionTests {
  /// A model of one operator on constants and inputs.
  private func model(_ build: (inout ModelBuilder, inout ModelBuilder.Subgraph) -> Void) -> Data {
    var model = ModelBuilder()
    var graph = ModelBuilder.Subgraph()
    build(&model, &graph)
    model.subgraphs = [graph]
    return Data(model.bytes())
  }

  /// y = RELU(x) on four elements.
  private func relu(type: Int8, quantized: Bool = false) -> Data {
    model { model, graph in
      let relu = model.code(19, version: 2)
      let quantization: ModelBuilder.Table = quantized ? [4: .table([2: .floats([0.5]), 3: .int64s([-128])])] : [:]
      graph.inputs = [graph.tensor([4], type: type, name: "x", quantization)]
      graph.outputs = [graph.tensor([4], type: type, name: "y", quantization)]
      graph.node(relu, graph.inputs, graph.outputs)
    }
  }

  /// y = table[i], which fails where i is not below 4.
  private var gather: Data {
    model { model, graph in
      let gather = model.code(36)
      let constant = model.buffer(floats: [1, 2, 3, 4])
      let table = graph.tensor([4], buffer: constant, name: "table")
      graph.inputs = [graph.tensor([1], type: 2, name: "i")]
      graph.outputs = [graph.tensor([1], name: "y")]
      graph.node(gather, [table, graph.inputs[0]], graph.outputs)
    }
  }

  @Test func int8TensorsHaveAType() throws {
    let interpreter = try Interpreter(modelData: relu(type: 9, quantized: true))
    try interpreter.allocateTensors()
    let input = try interpreter.copy(data(-128 as Int8, -100, 0, 127), toInputAt: 0)
    #expect(input.dataType == .int8)
    #expect(input.quantizationParameters == QuantizationParameters(scale: 0.5, zeroPoint: -128))
    try interpreter.invoke()
    #expect(values(try interpreter.output(at: 0).data) == [-128 as Int8, -100, 0, 127])
  }

  @Test func aFailedInvocationSaysWhy() throws {
    let messages = Mutex<[String]>([])
    Runtime.messageHandler = { message in messages.withLock { $0.append(message) } }
    defer { Runtime.messageHandler = nil }
    let interpreter = try Interpreter(modelData: gather)
    try interpreter.allocateTensors()
    try interpreter.copy(data(7 as Int32), toInputAt: 0)
    let error = #expect(throws: InterpreterError.self) { try interpreter.invoke() }
    guard case .failedToInvoke(let cause) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(cause.contains("GATHER"))
    #expect(error?.localizedDescription == "Failed to invoke the interpreter: \(cause)")
    #expect(interpreter.lastError?.kind == .invalidValue)
    #expect(messages.withLock { $0 }.contains("TensorFlow Lite Error: \(cause)"))
    // The interpreter goes on working.
    try interpreter.copy(data(2 as Int32), toInputAt: 0)
    try interpreter.invoke()
    #expect(values(try interpreter.output(at: 0).data) == [3 as Float])
  }

  @Test func copiesStayWhatTheyAre() throws {
    let interpreter = try Interpreter(modelPath: ModelFile.add.path)
    try interpreter.resizeInput(at: 0, to: [2])
    try interpreter.allocateTensors()
    let first = try interpreter.copy(data(1 as Float, 2), toInputAt: 0)
    try interpreter.invoke()
    let output = try interpreter.output(at: 0)
    try interpreter.copy(data(5 as Float, 6), toInputAt: 0)
    try interpreter.invoke()
    #expect(values(first.data) == [1 as Float, 2])
    #expect(values(output.data) == [3 as Float, 6])
    #expect(values(try interpreter.output(at: 0).data) == [15 as Float, 18])
  }

  @Test func inputsStayWhatTheyAre() throws {
    let interpreter = try Interpreter(modelPath: ModelFile.add.path)
    try interpreter.resizeInput(at: 0, to: [2])
    try interpreter.allocateTensors()
    try interpreter.copy(data(1 as Float, 2), toInputAt: 0)
    for _ in 0..<3 { try interpreter.invoke() }
    #expect(values(try interpreter.input(at: 0).data) == [1 as Float, 2])
    // The same shape again: nothing changes.
    try interpreter.resizeInput(at: 0, to: [2])
    try interpreter.invoke()
    #expect(values(try interpreter.output(at: 0).data) == [3 as Float, 6])
  }

  @Test func slicesOfData() throws {
    let slice = (Data([9, 9, 9]) + (try ModelFile.add.data)).dropFirst(3)
    let interpreter = try Interpreter(modelData: slice)
    try interpreter.resizeInput(at: 0, to: [1])
    try interpreter.allocateTensors()
    try interpreter.copy((Data([9, 9, 9]) + data(2 as Float)).dropFirst(3), toInputAt: 0)
    try interpreter.invoke()
    #expect(values(try interpreter.output(at: 0).data) == [6 as Float])
  }

  @Test func resizingAsksForAllocation() throws {
    let interpreter = try Interpreter(modelPath: ModelFile.add.path)
    try interpreter.allocateTensors()
    #expect(throws: Never.self) { try interpreter.output(at: 0) }
    try interpreter.resizeInput(at: 0, to: [3])
    #expect(throws: InterpreterError.allocateTensorsRequired) { try interpreter.invoke() }
    #expect(throws: InterpreterError.allocateTensorsRequired) { try interpreter.input(at: 0) }
    #expect(throws: InterpreterError.invokeInterpreterRequired) { try interpreter.output(at: 0) }
    #expect(throws: InterpreterError.allocateTensorsRequired) { try interpreter.copy(Data(count: 12), toInputAt: 0) }
    #expect(throws: InterpreterError.invalidTensorDataCount(provided: 11, required: 12)) {
      try interpreter.copy(Data(count: 11), toInputAt: 0)
    }
  }

  @Test(arguments: [[-1], [Int.max], [1 << 40, 1 << 40], [2, -2]]) func shapesThatAreNone(dimensions: [Int]) throws {
    let interpreter = try Interpreter(modelPath: ModelFile.add.path)
    #expect(throws: InterpreterError.failedToResizeInputTensor(index: 0)) {
      try interpreter.resizeInput(at: 0, to: Tensor.Shape(dimensions))
    }
    #expect(interpreter.lastError != nil)
  }

  @Test func bytesThatAreNoModel() {
    for bytes in [Data(), Data([1, 2, 3]), Data(count: 1000)] {
      #expect(throws: InterpreterError.failedToCreateInterpreter) { try Interpreter(modelData: bytes) }
    }
    #expect(throws: InterpreterError.failedToLoadModel) { try Interpreter(modelPath: #filePath) }
  }

  @Test func aMissingCustomOperatorShowsWhenTensorsAreAllocated() throws {
    let data = model { model, graph in
      let custom = model.code(32, custom: "Nobody")
      graph.inputs = [graph.tensor([4], name: "x")]
      graph.outputs = [graph.tensor([4], name: "y")]
      graph.node(custom, graph.inputs, graph.outputs)
    }
    let interpreter = try Interpreter(modelData: data)
    #expect(interpreter.inputTensorCount == 1)
    #expect(throws: InterpreterError.failedToAllocateTensors) { try interpreter.allocateTensors() }
    #expect(interpreter.lastError?.description.contains("Nobody") == true)
    #expect(throws: InterpreterError.allocateTensorsRequired) { try interpreter.invoke() }
    #expect(throws: InterpreterError.allocateTensorsRequired) { try interpreter.input(at: 0) }
    #expect(throws: InterpreterError.invokeInterpreterRequired) { try interpreter.output(at: 0) }
    #expect(throws: InterpreterError.failedToResizeInputTensor(index: 0)) {
      try interpreter.resizeInput(at: 0, to: [1])
    }
  }

  @Test func variablesBeginAtZero() throws {
    // y = state + x, with the state assigned by nobody: the point is that allocating twice is harmless.
    let interpreter = try Interpreter(modelPath: ModelFile.add.path)
    try interpreter.allocateTensors()
    try interpreter.copy(Data(repeating: 0, count: 768), toInputAt: 0)
    try interpreter.allocateTensors()
    try interpreter.invoke()
    #expect(try interpreter.output(at: 0).data == Data(count: 768))
  }

  @Test(arguments: [false, true]) func xnnpackTakesWhatItCan(enabled: Bool) throws {
    var options = Interpreter.Options()
    options.threadCount = 2
    options.isXNNPackEnabled = enabled
    let interpreter = try Interpreter(modelPath: ModelFile.add.path, options: options)
    try interpreter.allocateTensors()
    let input = (0..<192).map { Float($0) }.withUnsafeBytes { Data($0) }
    try interpreter.copy(input, toInputAt: 0)
    try interpreter.invoke()
    #expect(values(try interpreter.output(at: 0).data) == (0..<192).map { Float(3 * $0) })
    let expected = enabled ? "xnnpack" : "builtin"
    #expect(interpreter.placement.operators.map(\.delegate) == [expected, expected])
  }

  @Test func runtimeDelegates() throws {
    let interpreter = try Interpreter(modelPath: ModelFile.add.path, delegates: [RuntimeDelegate(.xnnpack())])
    try interpreter.allocateTensors()
    #expect(interpreter.placement.partitions.count == 1)
    #expect(try interpreter.runtimeInterpreter.inputs.map(\.tensorName) == ["input"])
  }

  @Test func strings() throws {
    let data = model { model, graph in
      let reshape = model.code(22)
      let shape = model.buffer([UInt8]([2, 0, 0, 0, 1, 0, 0, 0]))
      let target = graph.tensor([2], type: 2, buffer: shape, name: "shape")
      graph.inputs = [graph.tensor([2], type: 5, name: "x")]
      graph.outputs = [graph.tensor([2, 1], type: 5, name: "y")]
      graph.node(reshape, [graph.inputs[0], target], graph.outputs)
    }
    let interpreter = try Interpreter(modelData: data)
    try interpreter.allocateTensors()
    let words = Data([2, 0, 0, 0, 16, 0, 0, 0, 18, 0, 0, 0, 21, 0, 0, 0]) + Data("abcde".utf8)
    #expect(try interpreter.copy(words, toInputAt: 0).dataType == .string)
    try interpreter.invoke()
    #expect(try interpreter.output(at: 0).data == words)
    #expect(throws: InterpreterError.failedToCopyDataToInputTensor) {
      try interpreter.copy(Data([1, 0, 0, 0]), toInputAt: 0)
    }
  }

}
