internal import Delegates
public import Foundation
public import Kernels
public import TFLiteRuntime

/// Runs a TensorFlow Lite model.
///
/// The order of use is: make it, resize inputs if need be, ``allocateTensors()``, ``copy(_:toInputAt:)``, ``invoke()``, ``output(at:)``. Data is
/// copied on its way in and out. Not thread-safe: one thread or task at a time.
public final class Interpreter {
  /// The options that the interpreter was made with.
  public let options: Options?

  /// The delegates that the interpreter was made with.
  public let delegates: [any Delegate]?

  /// Why the last call that threw did so, with the operator and tensor; nil while none did, or where its error says all. An addition to
  /// TensorFlowLiteSwift, which writes this to a console only.
  public private(set) var lastError: ModelError?

  private let model: TFLiteRuntime.Model
  private let inputs: [TensorID]
  private let outputs: [TensorID]
  /// What runs the model's first subgraph, or the custom operator that it lacks.
  private let main: Result<Engine, ModelError>
  /// What runs the other subgraphs, by signature.
  private var signatureEngines: [String: Engine] = [:]
  private let runtimeDelegates: [any TFLiteRuntime.Delegate]
  private let runtimeOptions: TFLiteRuntime.Interpreter.Options

  /// An interpreter of the model in a file.
  ///
  /// - Parameters:
  ///   - modelPath: the file's path.
  ///   - options: nil for the defaults.
  ///   - delegates: asked in this order for each operator; what none takes runs with the built-in kernels.
  /// - Throws: ``InterpreterError/failedToLoadModel``, ``InterpreterError/failedToCreateInterpreter``.
  public convenience init(modelPath: String, options: Options? = nil, delegates: [any Delegate]? = nil) throws {
    guard let model = Model(filePath: modelPath) else { throw InterpreterError.failedToLoadModel }
    try self.init(model: model, options: options, delegates: delegates)
  }

  /// An interpreter of the model in `modelData`, which is copied.
  ///
  /// - Parameters:
  ///   - modelData: the file's content.
  ///   - options: nil for the defaults.
  ///   - delegates: asked in this order for each operator; what none takes runs with the built-in kernels.
  /// - Throws: ``InterpreterError/failedToLoadModel``, ``InterpreterError/failedToCreateInterpreter``.
  public convenience init(modelData: Data, options: Options? = nil, delegates: [any Delegate]? = nil) throws {
    guard let model = Model(modelData: modelData) else { throw InterpreterError.failedToLoadModel }
    try self.init(model: model, options: options, delegates: delegates)
  }

  /// An interpreter of the model in a file, with custom operators. An addition to TensorFlowLiteSwift.
  ///
  /// - Parameters:
  ///   - modelPath: the file's path.
  ///   - operators: the operators that the model may use, such as `.builtin.adding(MyOperator.self)`.
  ///   - options: nil for the defaults.
  ///   - delegates: asked in this order for each operator; what none takes runs with the built-in kernels or `operators`.
  /// - Throws: ``InterpreterError/failedToLoadModel``, ``InterpreterError/failedToCreateInterpreter``.
  public convenience init(
    modelPath: String, operators: OperatorTable, options: Options? = nil, delegates: [any Delegate]? = nil
  ) throws {
    guard let model = Model(filePath: modelPath, operators: operators) else { throw InterpreterError.failedToLoadModel }
    try self.init(model: model, options: options, delegates: delegates)
  }

  private init(model: Model, options: Options?, delegates: [any Delegate]?) throws {
    guard let model = model.cModel, let graph = model.subgraphs.first else {
      throw InterpreterError.failedToCreateInterpreter
    }
    self.options = options
    self.delegates = delegates
    self.model = model
    inputs = graph.inputs
    outputs = graph.outputs
    var runtimeDelegates = (delegates ?? []).map { unsafe $0.cDelegate.pointee.delegate }
    if options?.isXNNPackEnabled == true { runtimeDelegates.append(.xnnpack()) }
    self.runtimeDelegates = runtimeDelegates
    var runtimeOptions = TFLiteRuntime.Interpreter.Options()
    runtimeOptions.threadPool = ThreadPool(count: max(options?.threadCount ?? 1, 1))
    runtimeOptions.resources = Resources(byteLimit: model.limits.arenaBytes)
    self.runtimeOptions = runtimeOptions
    do throws(ModelError) {
      main = .success(
        Engine(try TFLiteRuntime.Interpreter(model, options: runtimeOptions, delegates: runtimeDelegates)))
    } catch {
      Runtime.report(error.description)
      // TFLite finds out about missing custom operators when it allocates.
      guard graph.lacksCustomOperator else { throw InterpreterError.failedToCreateInterpreter }
      main = .failure(error)
    }
  }

  // MARK: Descriptions

  /// The number of inputs.
  public var inputTensorCount: Int { inputs.count }

  /// The number of outputs.
  public var outputTensorCount: Int { outputs.count }

  /// The keys of the model's signatures, in the model's order.
  public private(set) lazy var signatureKeys: [String] = model.signatures.map(\.key)

  /// Where each operator runs and why not elsewhere, once tensors are allocated. An addition to TensorFlowLiteSwift.
  public var placement: Placement { (try? main.get())?.interpreter.placement ?? Placement() }

  /// What runs the model, with all that this module does not show: spans over tensors, cancellation, deadlines, profiles. An addition to
  /// TensorFlowLiteSwift.
  ///
  /// - Throws: ``TFLiteRuntime/ModelError`` where the model has a custom operator that is not there.
  public var runtimeInterpreter: TFLiteRuntime.Interpreter {
    get throws(ModelError) { try main.get().interpreter }
  }

  // MARK: Running

  /// Plans memory for all tensors. Needed once after the interpreter was made and again after inputs were resized. Takes long. Variables begin at
  /// zero.
  ///
  /// - Throws: ``InterpreterError/failedToAllocateTensors``.
  public func allocateTensors() throws {
    try attempt(.failedToAllocateTensors) { () throws(ModelError) in try main.get().allocate() }
  }

  /// Computes the outputs from the inputs.
  ///
  /// - Throws: ``InterpreterError/allocateTensorsRequired`` before ``allocateTensors()``, ``InterpreterError/failedToInvoke(cause:)``.
  public func invoke() throws {
    guard case .success(let engine) = main, engine.isAllocated else { throw InterpreterError.allocateTensorsRequired }
    do throws(ModelError) { try engine.interpreter.invoke() } catch {
      lastError = error
      Runtime.report(error.description)
      throw InterpreterError.failedToInvoke(cause: error.description)
    }
  }

  // MARK: Tensors

  /// A copy of an input.
  ///
  /// - Throws: ``InterpreterError/invalidTensorIndex(index:maxIndex:)``, ``InterpreterError/invalidTensorDataType``,
  ///   ``InterpreterError/allocateTensorsRequired`` before ``allocateTensors()``.
  public func input(at index: Int) throws -> Tensor {
    try tensor(inputs, index, orThrow: .allocateTensorsRequired)
  }

  /// A copy of an output: after ``invoke()`` what it computed, before that no particular values.
  ///
  /// - Throws: ``InterpreterError/invalidTensorIndex(index:maxIndex:)``, ``InterpreterError/invalidTensorDataType``,
  ///   ``InterpreterError/invokeInterpreterRequired`` before ``allocateTensors()``, and before ``invoke()`` where its shape depends on values.
  public func output(at index: Int) throws -> Tensor {
    try tensor(outputs, index, orThrow: .invokeInterpreterRequired)
  }

  /// Changes an input's shape; its rank may change too. ``allocateTensors()`` must follow before tensors are read or written and before
  /// ``invoke()``.
  ///
  /// - Throws: ``InterpreterError/invalidTensorIndex(index:maxIndex:)``, ``InterpreterError/failedToResizeInputTensor(index:)``.
  public func resizeInput(at index: Int, to shape: Tensor.Shape) throws {
    let id = try tensorID(inputs, index)
    try attempt(.failedToResizeInputTensor(index: index)) { () throws(ModelError) in
      try main.get().resize(id, to: shape)
    }
  }

  /// Copies bytes to an input, and answers what it now holds.
  ///
  /// - Throws: ``InterpreterError/invalidTensorIndex(index:maxIndex:)``, ``InterpreterError/invalidTensorDataCount(provided:required:)``,
  ///   ``InterpreterError/allocateTensorsRequired``, ``InterpreterError/failedToCopyDataToInputTensor``.
  @discardableResult
  public func copy(_ data: Data, toInputAt index: Int) throws -> Tensor {
    let id = try tensorID(inputs, index)
    guard case .success(let engine) = main else { throw InterpreterError.allocateTensorsRequired }
    if let required = engine.byteCount(of: id), required != data.count {
      throw InterpreterError.invalidTensorDataCount(provided: data.count, required: required)
    }
    guard engine.isAllocated else { throw InterpreterError.allocateTensorsRequired }
    try attempt(.failedToCopyDataToInputTensor) { () throws(ModelError) in try engine.write(data, to: id) }
    return try input(at: index)
  }

  private func tensorID(_ list: [TensorID], _ index: Int) throws -> TensorID {
    guard list.indices.contains(index) else {
      throw InterpreterError.invalidTensorIndex(index: index, maxIndex: list.count - 1)
    }
    return list[index]
  }

  private func tensor(_ list: [TensorID], _ index: Int, orThrow missing: InterpreterError) throws -> Tensor {
    let id = try tensorID(list, index)
    guard case .success(let engine) = main else { throw missing }
    do throws(Engine.TensorFailure) { return try engine.tensor(id) } catch {
      switch error {
      case .noMemory: throw missing
      case .noDataType: throw InterpreterError.invalidTensorDataType
      }
    }
  }

  private func attempt(_ error: InterpreterError, _ body: () throws(ModelError) -> Void) throws {
    do throws(ModelError) { try body() } catch let cause {
      lastError = cause
      Runtime.report(cause.description)
      throw error
    }
  }

  // MARK: Signatures

  /// A runner of the signature with this key; its tensors are allocated.
  ///
  /// - Throws: ``SignatureRunnerError/failedToCreateSignatureRunner(signatureKey:)``, ``SignatureRunnerError/failedToAllocateTensors``.
  public func signatureRunner(with key: String) throws -> SignatureRunner {
    guard let signature = model.signatures.first(where: { $0.key == key }) else {
      throw SignatureRunnerError.failedToCreateSignatureRunner(signatureKey: key)
    }
    let engine: Engine
    do throws(ModelError) { engine = try self.engine(for: signature) } catch {
      lastError = error
      Runtime.report(error.description)
      throw SignatureRunnerError.failedToCreateSignatureRunner(signatureKey: key)
    }
    return try SignatureRunner(interpreter: self, engine: engine, signature: signature)
  }

  private func engine(for signature: Signature) throws(ModelError) -> Engine {
    if signature.subgraph == 0 { return try main.get() }
    if let engine = signatureEngines[signature.key] { return engine }
    let engine = Engine(
      try TFLiteRuntime.Interpreter(
        model, signature: signature.key, options: runtimeOptions, delegates: runtimeDelegates))
    signatureEngines[signature.key] = engine
    return engine
  }
}

extension Graph {
  fileprivate var lacksCustomOperator: Bool {
    nodes.contains { node in
      if case .custom = node.identity, case .failure = node.implementation { true } else { false }
    }
  }
}
