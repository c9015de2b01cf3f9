public import Foundation
public import TFLiteRuntime

/// Runs one signature of a model, with inputs and outputs by name. ``Interpreter/signatureRunner(with:)`` makes it.
///
/// Keeps its interpreter alive. Runners of one signature share its tensors, and so do the interpreter and the signatures over the model's first
/// subgraph. Not thread-safe, together with its interpreter.
public final class SignatureRunner {
  /// The key of the signature.
  public let signatureKey: String

  /// The names of the inputs, sorted.
  public let inputs: [String]

  /// The names of the outputs, sorted.
  public let outputs: [String]

  /// Why the last call that threw did so, with the operator and tensor; nil while none did, or where its error says all. An addition to
  /// TensorFlowLiteSwift.
  public private(set) var lastError: ModelError?

  private let interpreter: Interpreter
  private let engine: Engine
  private let inputIDs: [String: TensorID]
  private let outputIDs: [String: TensorID]

  private enum Role: String {
    case input, output
  }

  init(interpreter: Interpreter, engine: Engine, signature: Signature) throws {
    self.interpreter = interpreter
    self.engine = engine
    signatureKey = signature.key
    func sorted(_ bindings: [Signature.Binding]) -> [String] {
      bindings.map(\.name).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
    func identities(_ bindings: [Signature.Binding]) -> [String: TensorID] {
      Dictionary(bindings.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    }
    inputs = sorted(signature.inputs)
    outputs = sorted(signature.outputs)
    inputIDs = identities(signature.inputs)
    outputIDs = identities(signature.outputs)
    try allocateTensors()
  }

  /// What runs the signature, with all that this module does not show. An addition to TensorFlowLiteSwift.
  public var runtimeInterpreter: TFLiteRuntime.Interpreter { engine.interpreter }

  /// Allocates tensors if need be, copies bytes to the inputs with these names, and computes the outputs. Inputs that are not named keep their
  /// values.
  ///
  /// - Throws: ``SignatureRunnerError``: what ``allocateTensors()`` and ``copy(_:toInputNamed:)`` throw,
  ///   ``SignatureRunnerError/failedToInvokeSignature(signatureKey:)``.
  public func invoke(with inputs: [String: Data]) throws {
    try allocateTensors()
    for (name, data) in inputs { try copy(data, toInputNamed: name) }
    try attempt(.failedToInvokeSignature(signatureKey: signatureKey)) { () throws(ModelError) in
      try engine.interpreter.invoke()
    }
  }

  /// A copy of an input.
  ///
  /// - Throws: ``SignatureRunnerError/failedToGetTensor(tensorType:nameInSignature:)``, ``SignatureRunnerError/invalidTensorDataType``,
  ///   ``SignatureRunnerError/allocateTensorsRequired`` after a resize.
  public func input(named name: String) throws -> Tensor { try tensor(.input, name) }

  /// A copy of an output: after ``invoke(with:)`` what it computed, before that no particular values.
  ///
  /// - Throws: ``SignatureRunnerError/failedToGetTensor(tensorType:nameInSignature:)``, ``SignatureRunnerError/invalidTensorDataType``,
  ///   ``SignatureRunnerError/allocateTensorsRequired`` after a resize, and before ``invoke(with:)`` where its shape depends on values.
  public func output(named name: String) throws -> Tensor { try tensor(.output, name) }

  /// Changes an input's shape; its rank may change too. ``allocateTensors()`` must follow before tensors are read or written;
  /// ``invoke(with:)`` calls it by itself.
  ///
  /// - Throws: ``SignatureRunnerError/failedToResizeInputTensor(inputName:)``.
  public func resizeInput(named name: String, toShape shape: Tensor.Shape) throws {
    guard let id = inputIDs[name] else { throw SignatureRunnerError.failedToResizeInputTensor(inputName: name) }
    try attempt(.failedToResizeInputTensor(inputName: name)) { () throws(ModelError) in
      try engine.resize(id, to: shape)
    }
  }

  /// Copies bytes to an input.
  ///
  /// - Throws: ``SignatureRunnerError/failedToGetTensor(tensorType:nameInSignature:)``,
  ///   ``SignatureRunnerError/invalidTensorDataCount(provided:required:)``, ``SignatureRunnerError/allocateTensorsRequired`` after a resize,
  ///   ``SignatureRunnerError/failedToCopyDataToInputTensor``.
  public func copy(_ data: Data, toInputNamed name: String) throws {
    guard let id = inputIDs[name] else { throw noTensor(.input, name) }
    if let required = engine.byteCount(of: id), required != data.count {
      throw SignatureRunnerError.invalidTensorDataCount(provided: data.count, required: required)
    }
    guard engine.isAllocated else { throw SignatureRunnerError.allocateTensorsRequired }
    try attempt(.failedToCopyDataToInputTensor) { () throws(ModelError) in try engine.write(data, to: id) }
  }

  /// Plans memory for all tensors; does nothing when that is done. Takes long.
  ///
  /// - Throws: ``SignatureRunnerError/failedToAllocateTensors``.
  public func allocateTensors() throws {
    try attempt(.failedToAllocateTensors) { () throws(ModelError) in try engine.allocate() }
  }

  private func noTensor(_ role: Role, _ name: String) -> SignatureRunnerError {
    .failedToGetTensor(tensorType: role.rawValue, nameInSignature: name)
  }

  private func tensor(_ role: Role, _ name: String) throws -> Tensor {
    guard let id = (role == .input ? inputIDs : outputIDs)[name] else { throw noTensor(role, name) }
    do throws(Engine.TensorFailure) { return try engine.tensor(id) } catch {
      switch error {
      case .noMemory: throw SignatureRunnerError.allocateTensorsRequired
      case .noDataType: throw SignatureRunnerError.invalidTensorDataType
      }
    }
  }

  private func attempt(_ error: SignatureRunnerError, _ body: () throws(ModelError) -> Void) throws {
    do throws(ModelError) { try body() } catch let cause {
      lastError = cause
      Runtime.report(cause.description)
      throw error
    }
  }
}
