import Foundation
import Kernels
import TensorTypes
import Testing

@testable import TensorFlowLite

/// Custom operators through the interpreter of TensorFlowLiteSwift.
@Suite struct CustomOperatorTests {
  /// Doubles its input, whatever the options say.
  private struct Doubling: Operator {
    static let definition = OperatorDefinition(custom: "ScaleAndShift")

    init(options: OperatorOptions) throws(OperatorError) {}

    func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
      try node.expect(inputs: 1)
      return [try node.input(0).shape]
    }

    func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
      Kernel { io throws(OperatorError) in
        let x = io.input(0, as: Float.self)
        var y = io.output(0, as: Float.self)
        for index in y.indices { y[index] = 2 * x[index] }
      }
    }
  }

  private var path: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Examples/CustomOperator/scale_and_shift.tflite").path
  }

  @Test func `an operator that is given is run`() throws {
    let interpreter = try Interpreter(modelPath: path, operators: .builtin.adding(Doubling.self))
    try interpreter.allocateTensors()
    let count = try interpreter.input(at: 0).data.count / 4
    let x = (0..<count).map { Float($0) - 1 }
    try interpreter.copy(x.withUnsafeBytes { Data($0) }, toInputAt: 0)
    try interpreter.invoke()
    let y = try interpreter.output(at: 0).data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    // The model ends with a RELU.
    #expect(y == x.map { max(2 * $0, 0) })
  }

  @Test func `without it, allocation fails`() throws {
    let interpreter = try Interpreter(modelPath: path)
    #expect(throws: (any Error).self) { try interpreter.allocateTensors() }
    #expect(throws: InterpreterError.failedToLoadModel) {
      try Interpreter(modelPath: "/nowhere", operators: .builtin)
    }
  }
}
