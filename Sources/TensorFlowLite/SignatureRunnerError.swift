public import Foundation

/// What a ``SignatureRunner`` throws. Why, is in ``SignatureRunner/lastError``.
public enum SignatureRunnerError: Error, Equatable, Hashable, Sendable {
  /// So many bytes were given for a tensor that has another number of them.
  case invalidTensorDataCount(provided: Int, required: Int)
  /// The tensor's elements have no value that could be copied.
  case invalidTensorDataType
  /// The model has no such signature, or its subgraph has an operator that is not there.
  case failedToCreateSignatureRunner(signatureKey: String)
  /// The signature has no such input or output.
  case failedToGetTensor(tensorType: String, nameInSignature: String)
  /// The input cannot have that shape, or there is none with that name.
  case failedToResizeInputTensor(inputName: String)
  /// The bytes are not what the input's type asks for.
  case failedToCopyDataToInputTensor
  /// The shapes contradict each other, or memory or a limit does not suffice.
  case failedToAllocateTensors
  /// An operator failed while the signature ran.
  case failedToInvokeSignature(signatureKey: String)
  /// The tensor has no memory before ``SignatureRunner/allocateTensors()``, or before the first invocation where its shape depends on values.
  case allocateTensorsRequired
}

extension SignatureRunnerError: LocalizedError {
  /// A sentence that says what went wrong.
  public var errorDescription: String? { description }
}

extension SignatureRunnerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidTensorDataCount(let provided, let required):
      "Provided data count \(provided) must match the required count \(required)."
    case .invalidTensorDataType:
      "Tensor data type is unsupported or could not be determined due to a model error."
    case .failedToCreateSignatureRunner(let key):
      "Failed to create a signature runner. Signature with key (\(key)) not found."
    case .failedToGetTensor(let type, let name): "Failed to get \(type) tensor with \(type) name (\(name))."
    case .failedToResizeInputTensor(let name): "Failed to resize input tensor with input name (\(name))."
    case .failedToCopyDataToInputTensor: "Failed to copy data to input tensor."
    case .failedToAllocateTensors: "Failed to allocate memory for input tensors."
    case .failedToInvokeSignature(let key): "Failed to invoke the signature runner with key (\(key))."
    case .allocateTensorsRequired: "Must call allocateTensors()."
    }
  }
}
