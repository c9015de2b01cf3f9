import Foundation
import Testing

@testable import TensorFlowLite

@Suite struct InterpreterTests {
  let interpreter: Interpreter

  init() throws { interpreter = try Interpreter(modelPath: ModelFile.add.path) }

  private func prepared(_ file: ModelFile, _ input: Data) throws -> Interpreter {
    let interpreter = try Interpreter(modelPath: file.path)
    try interpreter.resizeInput(at: 0, to: [2])
    try interpreter.allocateTensors()
    try interpreter.copy(input, toInputAt: 0)
    return interpreter
  }

  // MARK: Making

  @Test func ofAPath() {
    #expect(throws: Never.self) { try Interpreter(modelPath: ModelFile.add.path) }
  }

  @Test func ofAPathThatDoesNotExist() {
    #expect(throws: InterpreterError.failedToLoadModel) { try Interpreter(modelPath: "/invalid/path") }
  }

  @Test func ofAPathWithOptions() throws {
    var options = Interpreter.Options()
    options.threadCount = 2
    let interpreter = try Interpreter(modelPath: ModelFile.addQuantized.path, options: options)
    #expect(interpreter.options == options)
    #expect(interpreter.delegates == nil)
  }

  @Test func ofData() throws {
    let data = try ModelFile.add.data
    #expect(throws: Never.self) { try Interpreter(modelData: data) }
  }

  @Test func ofDataWithOptions() throws {
    var options = Interpreter.Options()
    options.threadCount = 2
    let interpreter = try Interpreter(modelData: try ModelFile.addQuantized.data, options: options)
    #expect(interpreter.options == options)
    #expect(interpreter.delegates == nil)
  }

  // MARK: Counts

  @Test func countsInputs() { #expect(interpreter.inputTensorCount == 1) }

  @Test func countsOutputs() { #expect(interpreter.outputTensorCount == 1) }

  // MARK: Invoking

  @Test func invokes() throws {
    try interpreter.allocateTensors()
    #expect(throws: Never.self) { try interpreter.invoke() }
  }

  @Test func invokingNeedsAllocation() {
    #expect(throws: InterpreterError.allocateTensorsRequired) { try interpreter.invoke() }
  }

  // MARK: Inputs

  @Test func input() throws {
    let interpreter = try prepared(.add, data(1 as Float, 3 as Float))
    #expect(
      try interpreter.input(at: 0)
        == Tensor(name: "input", dataType: .float32, shape: [2], data: data(1 as Float, 3 as Float)))
  }

  @Test func inputOfAQuantizedModel() throws {
    let interpreter = try prepared(.addQuantized, Data([1, 3]))
    #expect(
      try interpreter.input(at: 0)
        == Tensor(
          name: "input", dataType: .uInt8, shape: [2], data: Data([1, 3]),
          quantizationParameters: QuantizationParameters(scale: 0.003922, zeroPoint: 0)))
  }

  @Test(arguments: [1, -1, .max, .min]) func inputThatDoesNotExist(index: Int) throws {
    try interpreter.allocateTensors()
    #expect(throws: InterpreterError.invalidTensorIndex(index: index, maxIndex: 0)) {
      try interpreter.input(at: index)
    }
  }

  @Test func inputNeedsAllocation() {
    #expect(throws: InterpreterError.allocateTensorsRequired) { try interpreter.input(at: 0) }
  }

  // MARK: Outputs

  @Test func output() throws {
    let interpreter = try prepared(.add, data(1 as Float, 3 as Float))
    try interpreter.invoke()
    let output = try interpreter.output(at: 0)
    #expect(
      output == Tensor(name: "output", dataType: .float32, shape: [2], data: data(3 as Float, 9 as Float)))
    #expect(values(output.data, as: Float.self) == [3, 9])
  }

  @Test func outputOfAQuantizedModel() throws {
    let interpreter = try prepared(.addQuantized, Data([1, 3]))
    try interpreter.invoke()
    let output = try interpreter.output(at: 0)
    #expect(
      output
        == Tensor(
          name: "output", dataType: .uInt8, shape: [2], data: Data([3, 9]),
          quantizationParameters: QuantizationParameters(scale: 0.003922, zeroPoint: 0)))
    #expect([UInt8](output.data) == [3, 9])
  }

  @Test(arguments: [1, -1]) func outputThatDoesNotExist(index: Int) throws {
    try interpreter.allocateTensors()
    try interpreter.invoke()
    #expect(throws: InterpreterError.invalidTensorIndex(index: index, maxIndex: 0)) {
      try interpreter.output(at: index)
    }
  }

  @Test func outputNeedsInvocation() {
    #expect(throws: InterpreterError.invokeInterpreterRequired) { try interpreter.output(at: 0) }
  }

  // MARK: Resizing

  @Test func resizes() throws {
    #expect(throws: Never.self) { try interpreter.resizeInput(at: 0, to: [2, 2, 3]) }
    #expect(throws: Never.self) { try interpreter.allocateTensors() }
  }

  @Test func resizingAnInputThatDoesNotExist() {
    #expect(throws: InterpreterError.invalidTensorIndex(index: 1, maxIndex: 0)) {
      try interpreter.resizeInput(at: 1, to: [2, 2, 3])
    }
  }

  // MARK: Copying

  @Test func copies() throws {
    try interpreter.resizeInput(at: 0, to: [2])
    try interpreter.allocateTensors()
    let input = data(1 as Float, 3 as Float)
    #expect(try interpreter.copy(input, toInputAt: 0).data == input)
  }

  @Test func copyingToAnInputThatDoesNotExist() {
    #expect(throws: InterpreterError.invalidTensorIndex(index: 1, maxIndex: 0)) {
      try interpreter.copy(data(1 as Float, 3 as Float), toInputAt: 1)
    }
  }

  @Test func copyingTheWrongNumberOfBytes() throws {
    try interpreter.resizeInput(at: 0, to: [2])
    try interpreter.allocateTensors()
    #expect(throws: InterpreterError.invalidTensorDataCount(provided: 7, required: 8)) {
      try interpreter.copy(Data(count: 7), toInputAt: 0)
    }
  }

  @Test func allocates() {
    #expect(throws: Never.self) { try interpreter.allocateTensors() }
  }
}

@Suite struct InterpreterOptionsTests {
  @Test func defaults() {
    let options = Interpreter.Options()
    #expect(options.threadCount == nil)
    #expect(!options.isXNNPackEnabled)
  }

  @Test func customValues() {
    var options = Interpreter.Options()
    options.threadCount = 2
    #expect(options.threadCount == 2)
    options.isXNNPackEnabled = false
    #expect(!options.isXNNPackEnabled)
    options.isXNNPackEnabled = true
    #expect(options.isXNNPackEnabled)
  }

  @Test func equality() {
    var (a, b) = (Interpreter.Options(), Interpreter.Options())
    #expect(a == b)
    a.threadCount = 2
    #expect(a != b)
    b.threadCount = 2
    #expect(a == b)
    b.threadCount = 3
    #expect(a != b)
    b.threadCount = 2
    b.isXNNPackEnabled = true
    #expect(a != b)
    a.isXNNPackEnabled = true
    #expect(a == b)
    #expect(a.hashValue == b.hashValue)
  }
}
