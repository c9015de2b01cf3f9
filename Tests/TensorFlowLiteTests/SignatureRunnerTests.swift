import Foundation
import Testing

import struct TFLiteRuntime.ModelError

@testable import TensorFlowLite

@Suite struct SignatureRunnerTests {
  let interpreter: Interpreter
  let input = data(2 as Float, 4 as Float)

  init() throws { interpreter = try Interpreter(modelPath: ModelFile.multiSignatures.path) }

  @Test func signatureKeys() throws {
    #expect(interpreter.signatureKeys == ["add", "sub"])
    #expect(try interpreter.signatureRunner(with: "add").signatureKey == "add")
    #expect(throws: SignatureRunnerError.failedToCreateSignatureRunner(signatureKey: "dummy")) {
      try interpreter.signatureRunner(with: "dummy")
    }
  }

  @Test func resizing() throws {
    let runner = try interpreter.signatureRunner(with: "add")
    #expect(runner.inputs == ["x"])
    let before = try runner.input(named: "x")
    #expect(before.name == "add_x:0")
    #expect(before.dataType == .float32)
    #expect(before.shape == [1])
    #expect(throws: SignatureRunnerError.invalidTensorDataCount(provided: 8, required: 4)) {
      try runner.copy(input, toInputNamed: "x")
    }
    try runner.resizeInput(named: "x", toShape: [2])
    try runner.allocateTensors()
    try runner.copy(input, toInputNamed: "x")
    #expect(
      try runner.input(named: "x") == Tensor(name: "add_x:0", dataType: .float32, shape: [2], data: input))
  }

  @Test func inputThatDoesNotExist() throws {
    let runner = try interpreter.signatureRunner(with: "add")
    #expect(throws: SignatureRunnerError.failedToGetTensor(tensorType: "input", nameInSignature: "dummy")) {
      try runner.input(named: "dummy")
    }
    #expect(throws: SignatureRunnerError.failedToResizeInputTensor(inputName: "dummy")) {
      try runner.resizeInput(named: "dummy", toShape: [2])
    }
  }

  @Test func invoking() throws {
    let runner = try interpreter.signatureRunner(with: "add")
    #expect(runner.outputs == ["output_0"])
    let before = try runner.output(named: "output_0")
    #expect(before.name == "StatefulPartitionedCall:0")
    #expect(before.dataType == .float32)
    #expect(before.shape == [1])
    try runner.resizeInput(named: "x", toShape: [2])
    try runner.invoke(with: ["x": input])
    #expect(
      try runner.output(named: "output_0")
        == Tensor(
          name: "StatefulPartitionedCall:0", dataType: .float32, shape: [2], data: data(4 as Float, 6 as Float)))
  }

  // MARK: More than TensorFlowLiteSwift's own tests

  @Test func signaturesHaveTheirOwnTensors() throws {
    let add = try interpreter.signatureRunner(with: "add")
    let sub = try interpreter.signatureRunner(with: "sub")
    try add.invoke(with: ["x": data(10 as Float)])
    try sub.invoke(with: ["x": data(20 as Float)])
    #expect(values(try add.output(named: "output_0").data, as: Float.self) == [12])
    #expect(values(try sub.output(named: "output_0").data, as: Float.self) == [18])
  }

  @Test(arguments: ["add", "sub"]) func runnersOfOneSignatureShareTensors(key: String) throws {
    let first = try interpreter.signatureRunner(with: key)
    let second = try interpreter.signatureRunner(with: key)
    try first.invoke(with: ["x": data(5 as Float)])
    #expect(try first.output(named: "output_0") == second.output(named: "output_0"))
  }

  @Test func theFirstSubgraphIsTheInterpreters() throws {
    let runner = try interpreter.signatureRunner(with: "add")
    // Making the runner allocated the tensors of the subgraph.
    try interpreter.copy(data(1 as Float), toInputAt: 0)
    try runner.invoke(with: [:])
    #expect(values(try interpreter.output(at: 0).data, as: Float.self) == [3])
  }

  @Test func runnersKeepTheirInterpreter() throws {
    let runner = try Interpreter(modelPath: ModelFile.multiSignatures.path).signatureRunner(with: "sub")
    try runner.invoke(with: ["x": data(3 as Float)])
    #expect(values(try runner.output(named: "output_0").data, as: Float.self) == [1])
  }

  @Test func wrongUse() throws {
    let runner = try interpreter.signatureRunner(with: "sub")
    #expect(throws: SignatureRunnerError.failedToGetTensor(tensorType: "output", nameInSignature: "x")) {
      try runner.output(named: "x")
    }
    #expect(throws: SignatureRunnerError.failedToGetTensor(tensorType: "input", nameInSignature: "y")) {
      try runner.invoke(with: ["y": Data()])
    }
    #expect(throws: SignatureRunnerError.failedToResizeInputTensor(inputName: "x")) {
      try runner.resizeInput(named: "x", toShape: [-3])
    }
    #expect(runner.lastError?.kind == .invalidArgument)
    try runner.resizeInput(named: "x", toShape: [2])
    #expect(throws: SignatureRunnerError.allocateTensorsRequired) { try runner.input(named: "x") }
    #expect(throws: SignatureRunnerError.allocateTensorsRequired) { try runner.copy(input, toInputNamed: "x") }
  }
}
