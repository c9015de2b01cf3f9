internal import Delegates
internal import Glibc
internal import Kernels
package import TFLiteRuntime
internal import TensorTypes

/// One version of a model that is ready to serve: its instances, their threads and the queue before them.
///
/// Safe to use from several tasks. ``close()`` ends it: calls that it has are served, new ones are turned away.
package final class ServedModel: Sendable {
  package let name: String
  package let version: Int
  package let configuration: ModelConfiguration
  package let inputs: [TensorMetadata]
  package let outputs: [TensorMetadata]
  /// Names of classes, by output.
  private let labels: [String: [[UInt8]]]
  /// Bytes of the model's file.
  package let modelBytes: Int
  package let statistics: ModelStatistics
  private let queue: RequestQueue
  private let instances: [ModelInstance]

  /// Loads a version and runs it once.
  ///
  /// - Parameter labels: names of the classes of each output, for those that have them.
  /// - Throws: ``ServingError`` that says what is wrong with the file or the configuration.
  package init(
    name: String, version: Int, model: Model, configuration: ModelConfiguration, labels: [String: [[UInt8]]] = [:],
    weightCache: WeightCache? = nil, briefCall: UInt64 = Brevity.limit
  ) throws(ServingError) {
    self.name = name
    self.version = version
    self.configuration = configuration
    self.labels = labels
    modelBytes = model.byteCount
    statistics = ModelStatistics(model: name, version: version)
    // Loops and branches run other subgraphs, as their inputs' values ask for.
    let queue = RequestQueue(
      policy: configuration.batching, capacity: configuration.maximumQueueSize, instances: configuration.instances,
      isSteady: model.subgraphs.count == 1, briefCall: briefCall)
    self.queue = queue
    var instances: [ModelInstance] = []
    // The instances share the delegate, and with it what it measured.
    let delegates: [any Delegate] =
      switch configuration.delegate {
      case .builtin: []
      case .xnnpack: [.xnnpack()]
      case .automatic: [.automatic()]
      }
    for _ in 0..<configuration.instances {
      let instance = try ModelInstance(
        model, configuration, delegates: delegates, weightCache: weightCache, statistics: statistics)
      instances.append(instance)
    }
    self.instances = instances
    let batches = configuration.batching.maximumSize > 0
    inputs = try instances[0].inputs.map { (input) throws(ServingError) in
      try TensorMetadata(input, batched: batches, what: "input")
    }
    outputs = try instances[0].outputs.map { (output) throws(ServingError) in
      try TensorMetadata(output, batched: batches, what: "output")
    }
    for name in labels.keys.sorted() where !outputs.contains(where: { $0.name == name }) {
      throw ServingError(.invalidArgument, "configuration: labels names output '\(name)', which the model lacks")
    }
    for instance in instances { try instance.warmUp(batchSize: batches ? 1 : nil) }
    do throws(ServingError) {
      try WorkerThread.start { queue.sweep() }
      for (index, instance) in instances.enumerated() {
        try WorkerThread.start { instance.serve(queue, as: index) }
      }
    } catch {
      queue.close()
      throw error
    }
  }

  deinit { queue.close() }

  /// Serves what waits and takes nothing new.
  package func close() { queue.close() }

  /// How many requests wait.
  package var waiting: Int { queue.count }

  /// Runs a request.
  ///
  /// - Returns: nil when this version is closed and another one must be asked.
  /// - Throws: ``ServingError``, also when the task is cancelled.
  package func infer(
    _ request: InferenceRequest, _ cancellation: RequestCancellation
  ) async throws(ServingError) -> InferenceResponse? {
    let start = ExecutionContext.now()
    statistics.began()
    let call: InferenceCall
    let wanted: [Int]
    do throws(ServingError) {
      (call, wanted) = try makeCall(request, start: start)
    } catch {
      statistics.failed(error, total: ExecutionContext.now() - start)
      throw ServingError(error.kind, "\(request.label) \(error.message)")
    }
    let cancel: @Sendable () -> Void = { [queue] in
      if call.finish(.failure(.cancelled)) { queue.remove(call) }
    }
    cancellation.onCancel(cancel)
    let outcome: InferenceCall.Outcome? = await withTaskCancellationHandler {
      if let index = queue.borrow(for: call) {
        instances[index].serve([call], queue)
        queue.giveBack(index)
        return await call.outcome()
      }
      switch queue.append(call) {
      case .full: call.finish(.failure(.queueFull))
      case .closed: return nil
      case nil: break
      }
      return await call.outcome()
    } onCancel: {
      cancel()
    }
    guard let outcome else {
      // Another version answers, and counts.
      statistics.forgot()
      return nil
    }
    guard !request.classes.isEmpty else { return try response(request, call, wanted, outcome) }
    // Ranking may take longer than a connection's thread should be kept.
    let answer: Result<InferenceResponse, ServingError> = await withTaskExecutorPreference(globalConcurrentExecutor) {
      do throws(ServingError) { return .success(try response(request, call, wanted, outcome)) } catch {
        return .failure(error)
      }
    }
    return try answer.get()
  }

  /// Whether ``inferAtOnce(_:)`` would answer a request like the last ones now.
  package var isBrief: Bool { queue.isBrief }

  /// Runs a request on the calling thread.
  ///
  /// - Returns: nil when it would have to wait, may take long, or is wrong; nothing has happened then, and ``infer(_:_:)`` is to be asked.
  package func inferAtOnce(_ request: InferenceRequest) -> Result<InferenceResponse, ServingError>? {
    guard request.classes.values.allSatisfy({ $0 <= NamedTensor.fewClasses }),
      let (call, wanted) = try? makeCall(request, start: ExecutionContext.now()),
      let index = queue.borrow(for: call)
    else { return nil }
    statistics.began()
    instances[index].serve([call], queue)
    queue.giveBack(index)
    let outcome = call.known ?? .failure(.cancelled)
    do throws(ServingError) { return .success(try response(request, call, wanted, outcome)) } catch {
      return .failure(error)
    }
  }

  /// Counts what became of a call, and says it.
  private func response(
    _ request: InferenceRequest, _ call: InferenceCall, _ wanted: [Int], _ outcome: InferenceCall.Outcome
  ) throws(ServingError) -> InferenceResponse {
    let total = ExecutionContext.now() - call.start
    switch outcome {
    case .failure(let error):
      statistics.failed(error, total: total)
      throw error.kind == .cancelled ? error : ServingError(error.kind, "\(request.label) \(error.message)")
    case .success(let result):
      statistics.succeeded(result.times, inferences: call.batchSize, total: total)
      return InferenceResponse(
        model: name, version: String(version), id: request.id,
        outputs: try zip(wanted, result.outputs).map { (index, tensor) throws(ServingError) in
          let output = NamedTensor(name: outputs[index].name, datatype: outputs[index].datatype, tensor: tensor)
          guard let count = request.classes[output.name] else { return output }
          return try output.classified(
            count, isBatch: configuration.batching.maximumSize > 0, labels: labels[output.name] ?? [])
        })
    }
  }

  /// Checks a request against the model.
  private func makeCall(
    _ request: InferenceRequest, start: UInt64
  ) throws(ServingError) -> (InferenceCall, wanted: [Int]) {
    let (tensors, batchSize) = try RequestValidation(self).inputs(request)
    let wanted = try RequestValidation(self).outputs(request)
    let timeout = min(request.timeout ?? configuration.defaultTimeout, configuration.maximumTimeout)
    let (seconds, attoseconds) = timeout.components
    let nanoseconds = UInt64(clamping: max(seconds, 0)) * 1_000_000_000 + UInt64(max(attoseconds, 0) / 1_000_000_000)
    let call = InferenceCall(
      inputs: tensors, outputs: wanted, batchSize: batchSize, start: start, deadline: start + nanoseconds)
    return (call, wanted)
  }
}

extension TensorMetadata {
  /// - Parameter batched: whether the first dimension is that of a batch, of any size.
  init(_ tensor: Interpreter.TensorDescription, batched: Bool, what: String) throws(ServingError) {
    guard let datatype = Datatype(tensor.type.element) else {
      throw ServingError(
        .unsupported, "\(what) '\(tensor.name)' has element type \(tensor.type.element), which the protocol lacks")
    }
    var shape = tensor.shapeSignature ?? tensor.type.shape.dimensions
    if batched {
      guard !shape.isEmpty else {
        throw ServingError(
          .invalidArgument, "max_batch_size is set, but \(what) '\(tensor.name)' is a scalar and has no batch dimension"
        )
      }
      shape[0] = -1
    }
    self.init(name: tensor.name, datatype: datatype, shape: shape)
  }
}
