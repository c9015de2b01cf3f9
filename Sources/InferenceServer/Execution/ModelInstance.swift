internal import Kernels
internal import TFLiteRuntime
internal import TensorConversion
internal import TensorTypes

/// An interpreter, used by one thread at a time.
final class ModelInstance: @unchecked Sendable {
  // Used by the loading thread before the instance starts, then by whom the queue gives it to.
  private let interpreter: Interpreter
  private let configuration: ModelConfiguration
  private let statistics: ModelStatistics
  private let profiler = Profiler()
  private var invocations = 0
  /// What the statistics know of this instance's arenas.
  private var arenaBytes = 0

  /// One invocation of so many is profiled; the others pay nothing.
  private static let profilingInterval = 64
  /// Batches change their sizes from one to the next.
  private static let retainedPlanBytes = 32 << 20

  /// - Parameter delegates: who is asked for each operator.
  /// - Throws: ``ServingError`` when the model cannot be run.
  init(
    _ model: Model, _ configuration: ModelConfiguration, delegates: [any Delegate], weightCache: WeightCache?,
    statistics: ModelStatistics
  ) throws(ServingError) {
    self.configuration = configuration
    self.statistics = statistics
    do throws(ModelError) {
      interpreter = try Interpreter(
        model, signature: configuration.signature,
        options: .init(
          threads: configuration.threads, weightCache: weightCache, retainedPlanBytes: Self.retainedPlanBytes),
        delegates: delegates)
      try interpreter.allocate()
    } catch {
      throw ServingError(error)
    }
  }

  var inputs: [Interpreter.TensorDescription] { interpreter.inputs }
  var outputs: [Interpreter.TensorDescription] { interpreter.outputs }

  /// Runs on zeros. A model that refuses zeros as a value is still served.
  ///
  /// - Throws: ``ServingError`` when the model cannot run at all.
  func warmUp(batchSize: Int?) throws(ServingError) {
    for _ in 0..<configuration.warmUps {
      do throws(ModelError) {
        let zeros = interpreter.inputs.map { input -> Tensor? in
          var dimensions = input.type.shape.dimensions
          if let batchSize, !dimensions.isEmpty { dimensions[0] = batchSize }
          guard let shape = Shape(dimensions) else { return nil }
          if input.type.element == .string {
            return Tensor(strings: [[UInt8]](repeating: [], count: shape.elementCount), shape: dimensions)
          }
          let type = TensorType(element: input.type.element, shape: shape)
          return Tensor(type: type, bytes: [UInt8](repeating: 0, count: type.byteCount ?? 0))
        }
        try write(zeros.compactMap { $0 })
        try interpreter.invoke(deadline: configuration.maximumTimeout)
      } catch {
        switch error.kind {
        case .invalidValue, .invalidArgument, .deadlineExceeded: break
        default: throw ServingError(error)
        }
      }
    }
    recordPlacement()
    recordArenas()
  }

  private func write(_ tensors: [Tensor]) throws(ModelError) {
    // All shapes first: each change makes the interpreter plan anew.
    for (index, tensor) in tensors.enumerated() {
      try interpreter.resizeInput(index, to: tensor.type.shape.dimensions)
    }
    try interpreter.allocate()
    for (index, tensor) in tensors.enumerated() {
      try interpreter.setInput(index, bytes: unsafe tensor.bytes.span.bytes)
    }
  }

  /// Serves calls until the queue is closed and empty.
  func serve(_ queue: RequestQueue, as index: Int) {
    while let calls = queue.next(index) {
      serve(calls, queue)
      queue.done(calls)
    }
  }

  /// Runs calls together and says what became of each.
  func serve(_ calls: [InferenceCall], _ queue: RequestQueue) {
    let batch = RunningBatch(count: calls.count, canceller: interpreter.canceller)
    let live = calls.filter { $0.run(in: batch) }
    // Those that are finished already do not count.
    for _ in live.count..<calls.count { batch.memberFinished() }
    guard !live.isEmpty else { return }
    var times = InferenceCall.Times()
    let outcome: Result<[[Tensor]], ServingError>
    do throws(ServingError) { outcome = .success(try run(live, &times)) } catch { outcome = .failure(error) }
    batch.end()
    switch outcome {
    case .success(let outputs):
      statistics.executed(batchSize: live.reduce(0) { $0 + $1.batchSize }, times)
      if live.count == 1 { queue.ran(live[0], nanoseconds: times.input + times.inference + times.output) }
      for (call, tensors) in zip(live, outputs) {
        var own = times
        own.queue = times.queue &- call.start
        call.finish(.success(.init(outputs: tensors, times: own)))
      }
    case .failure(let error) where live.count > 1 && error.kind == .invalidArgument:
      // One request's values must not fail the others.
      for call in live { serve([call], queue) }
    case .failure(let error):
      for call in live { call.finish(.failure(error)) }
    }
  }

  /// The outputs of each call. `times.queue` becomes the time at which the run began.
  private func run(
    _ calls: [InferenceCall], _ times: inout InferenceCall.Times
  ) throws(ServingError) -> [[Tensor]] {
    let begin = ExecutionContext.now()
    times.queue = begin
    // The batch may run until the last of its calls gives up; the queue's sweeper ends the others in time.
    let deadline = calls.map(\.deadline).max() ?? 0
    guard deadline > begin else { throw .timeout }
    let isProfiled = invocations % Self.profilingInterval == 0
    invocations &+= 1
    defer { recordArenas() }
    do throws(ModelError) {
      if !configuration.keepsState { interpreter.resetVariables() }
      try write(calls.count == 1 ? calls[0].inputs : try TensorBatch.join(calls.map(\.inputs)))
      let ready = ExecutionContext.now()
      times.input = ready - begin
      interpreter.profiler = isProfiled ? profiler : nil
      try interpreter.invoke(deadline: .nanoseconds(Int64(clamping: deadline > ready ? deadline - ready : 0)))
      let done = ExecutionContext.now()
      times.inference = done - ready
      var results: [[Tensor]] = [[Tensor]](repeating: [], count: calls.count)
      for index in calls[0].outputs {
        let output = try interpreter.output(index)
        if calls.count == 1 {
          results[0].append(output)
        } else {
          for (call, part) in try TensorBatch.split(output, calls.map(\.batchSize)).enumerated() {
            results[call].append(part)
          }
        }
      }
      times.output = ExecutionContext.now() - done
      if isProfiled { recordPlacement() }
      return results
    } catch {
      throw ServingError(error)
    }
  }

  private func recordPlacement() {
    statistics.update(placement: interpreter.placement, profile: profiler.entries)
  }

  private func recordArenas() {
    let bytes = interpreter.heldArenaBytes
    guard bytes != arenaBytes else { return }
    statistics.arenasChanged(by: bytes - arenaBytes)
    arenaBytes = bytes
  }
}

extension ServingError {
  /// What a client learns of a model's error.
  init(_ error: ModelError) {
    switch error.kind {
    case .cancelled: self = .cancelled
    case .deadlineExceeded: self = .timeout
    case .invalidArgument, .invalidValue, .limitExceeded: self.init(.invalidArgument, "\(error)")
    case .unsupported: self.init(.unsupported, "\(error)")
    case .outOfMemory: self.init(.unavailable, "\(error)")
    case .unreadable, .malformed, .invalidState, .delegate: self.init(.internal, "\(error)")
    }
  }
}
