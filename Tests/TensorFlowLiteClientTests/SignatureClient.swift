import Foundation
import TensorFlowLite

/// A client of signatures that keeps its interpreter on a queue, as applications do.
final class Calculator {
  private let interpreter: Interpreter
  private let queue = DispatchQueue(label: "org.example.calculator")
  private(set) var lastMessage: String?

  init(modelData: Data) throws {
    interpreter = try Interpreter(modelData: modelData)
  }

  var operations: [String] { return interpreter.signatureKeys }

  func calculate(_ operation: String, _ values: [Float], completion: @escaping ([Float]?) -> Void) {
    queue.async {
      do {
        let runner = try self.interpreter.signatureRunner(with: operation)
        for name in runner.inputs { try runner.resizeInput(named: name, toShape: Tensor.Shape([values.count])) }
        try runner.allocateTensors()
        try runner.invoke(with: [runner.inputs[0]: Data(copyingBufferOf: values)])
        let output = try runner.output(named: runner.outputs[0])
        precondition(output.shape.dimensions.reduce(1, *) == values.count)
        completion([Float](unsafeData: output.data))
      } catch SignatureRunnerError.failedToCreateSignatureRunner(let key) {
        self.lastMessage = "no operation \(key)"
        completion(nil)
      } catch {
        self.lastMessage = error.localizedDescription
        completion(nil)
      }
    }
  }
}
