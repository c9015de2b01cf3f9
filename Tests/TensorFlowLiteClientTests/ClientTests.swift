import Foundation
import TensorFlowLite
import Testing

private let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

private func path(_ name: String) -> String { package.appendingPathComponent(name).path }

/// A bright vertical stroke on a dark ground.
private let stroke: [UInt8] = (0..<1024).map { index in
  (6..<26).contains(index / 32) && (14..<18).contains(index % 32) ? 255 : 0
}

@Suite struct ClientTests {
  @Test(arguments: [(1, false), (2, false), (2, true)]) func classifiesADigit(threads: Int, accelerated: Bool) throws {
    let classifier = try #require(
      DigitClassifier(
        modelPath: path("Demo/digits_float32.tflite"), labelsPath: path("Demo/labels.txt"), threadCount: threads,
        useAccelerator: accelerated))
    let result = try classifier.runModel(onPixels: stroke)
    #expect(result.inferences.count == 3)
    #expect(result.inferences.first?.label == "one")
    #expect(result.inferences.first.map { $0.confidence > 0.9 && $0.confidence <= 1.001 } == true)
  }

  @Test func aWrongImageIsAnError() throws {
    let classifier = try #require(
      DigitClassifier(modelPath: path("Demo/digits_float32.tflite"), labelsPath: path("Demo/labels.txt")))
    #expect(throws: ClassifierError.self) { try classifier.runModel(onPixels: [1]) }
  }

  @Test func anInt8ModelGoesToTheDefaultCase() throws {
    let classifier = try #require(
      DigitClassifier(modelPath: path("Demo/digits_int8.tflite"), labelsPath: path("Demo/labels.txt")))
    // The classifier gives it floats, as it would to any type but uInt8.
    let error = #expect(throws: ClassifierError.self) { try classifier.runModel(onPixels: stroke) }
    guard case .interpreter(.invalidTensorDataCount(4096, 1024)) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func aModelThatIsNotThere() {
    #expect(DigitClassifier(modelPath: "/nowhere.tflite", labelsPath: "") == nil)
  }

  @Test func signaturesOnAQueue() async throws {
    let calculator = try Calculator(
      modelData: Data(
        contentsOf: URL(fileURLWithPath: path("Tests/TensorFlowLiteTests/Models/multi_signatures.tflite"))))
    #expect(calculator.operations == ["add", "sub"])
    func result(_ operation: String) async -> [Float]? {
      await withCheckedContinuation { continuation in
        calculator.calculate(operation, [1, 2, 3]) { continuation.resume(returning: $0) }
      }
    }
    #expect(await result("add") == [3, 4, 5])
    #expect(await result("sub") == [-1, 0, 1])
    #expect(await result("mul") == nil)
    #expect(calculator.lastMessage == "no operation mul")
  }

  @Test func errorsSayWhatTheySaid() {
    let texts: [(Error, String)] = [
      (InterpreterError.invalidTensorIndex(index: 3, maxIndex: 1), "Invalid tensor index 3, max index is 1."),
      (
        InterpreterError.invalidTensorDataCount(provided: 3, required: 8),
        "Provided data count 3 must match the required count 8."
      ),
      (
        InterpreterError.invalidTensorDataType,
        "Tensor data type is unsupported or could not be determined due to a model error."
      ),
      (InterpreterError.failedToLoadModel, "Failed to load the given model."),
      (InterpreterError.failedToCreateInterpreter, "Failed to create the interpreter."),
      (InterpreterError.failedToResizeInputTensor(index: 2), "Failed to resize input tensor at index 2."),
      (InterpreterError.failedToCopyDataToInputTensor, "Failed to copy data to input tensor."),
      (InterpreterError.failedToAllocateTensors, "Failed to allocate memory for input tensors."),
      (InterpreterError.allocateTensorsRequired, "Must call allocateTensors()."),
      (InterpreterError.invokeInterpreterRequired, "Must call invoke()."),
      (InterpreterError.tensorFlowLiteError("boom"), "TensorFlow Lite Error: boom"),
      (
        SignatureRunnerError.invalidTensorDataCount(provided: 3, required: 8),
        "Provided data count 3 must match the required count 8."
      ),
      (
        SignatureRunnerError.invalidTensorDataType,
        "Tensor data type is unsupported or could not be determined due to a model error."
      ),
      (
        SignatureRunnerError.failedToCreateSignatureRunner(signatureKey: "k"),
        "Failed to create a signature runner. Signature with key (k) not found."
      ),
      (
        SignatureRunnerError.failedToGetTensor(tensorType: "output", nameInSignature: "y"),
        "Failed to get output tensor with output name (y)."
      ),
      (
        SignatureRunnerError.failedToResizeInputTensor(inputName: "x"),
        "Failed to resize input tensor with input name (x)."
      ),
      (SignatureRunnerError.failedToCopyDataToInputTensor, "Failed to copy data to input tensor."),
      (SignatureRunnerError.failedToAllocateTensors, "Failed to allocate memory for input tensors."),
      (
        SignatureRunnerError.failedToInvokeSignature(signatureKey: "k"),
        "Failed to invoke the signature runner with key (k)."
      ),
      (SignatureRunnerError.allocateTensorsRequired, "Must call allocateTensors()."),
    ]
    for (error, text) in texts {
      #expect(error.localizedDescription == text)
      #expect(String(describing: error) == text)
      #expect((error as? LocalizedError)?.errorDescription == text)
    }
  }
}
