public import Foundation

/// What an ``Interpreter`` throws.
public enum InterpreterError: Error, Equatable, Hashable, Sendable {
  /// There is no input or output with this index.
  case invalidTensorIndex(index: Int, maxIndex: Int)
  /// So many bytes were given for a tensor that has another number of them.
  case invalidTensorDataCount(provided: Int, required: Int)
  /// The tensor's elements have no value that could be copied.
  case invalidTensorDataType
  /// There is no such file, or it is not a valid model.
  case failedToLoadModel
  /// The bytes are not a valid model, or it has an operator that is not there.
  case failedToCreateInterpreter
  /// The input cannot have that shape.
  case failedToResizeInputTensor(index: Int)
  /// The bytes are not what the input's type asks for.
  case failedToCopyDataToInputTensor
  /// The shapes contradict each other, an operator is missing, or memory or a limit does not suffice.
  case failedToAllocateTensors
  /// ``Interpreter/allocateTensors()`` was not called, or not since an input was resized.
  case allocateTensorsRequired
  /// The output has no value before ``Interpreter/invoke()``.
  case invokeInterpreterRequired
  /// A message of the runtime.
  case tensorFlowLiteError(String)

  /// An operator failed while the model ran; says which, and why. TensorFlowLiteSwift throws ``allocateTensorsRequired`` instead.
  case failedToInvoke(cause: String)
}

extension InterpreterError: LocalizedError {
  /// A sentence that says what went wrong.
  public var errorDescription: String? { description }
}

extension InterpreterError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidTensorIndex(let index, let maxIndex): "Invalid tensor index \(index), max index is \(maxIndex)."
    case .invalidTensorDataCount(let provided, let required):
      "Provided data count \(provided) must match the required count \(required)."
    case .invalidTensorDataType:
      "Tensor data type is unsupported or could not be determined due to a model error."
    case .failedToLoadModel: "Failed to load the given model."
    case .failedToCreateInterpreter: "Failed to create the interpreter."
    case .failedToResizeInputTensor(let index): "Failed to resize input tensor at index \(index)."
    case .failedToCopyDataToInputTensor: "Failed to copy data to input tensor."
    case .failedToAllocateTensors: "Failed to allocate memory for input tensors."
    case .allocateTensorsRequired: "Must call allocateTensors()."
    case .invokeInterpreterRequired: "Must call invoke()."
    case .tensorFlowLiteError(let message): "TensorFlow Lite Error: \(message)"
    case .failedToInvoke(let cause): "Failed to invoke the interpreter: \(cause)"
    }
  }
}
