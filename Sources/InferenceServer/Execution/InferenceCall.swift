internal import Synchronization
package import TFLiteRuntime

/// One request while it waits for an instance of its model and runs there.
///
/// It is finished once: by its result, or by cancellation or its deadline, whichever comes first.
package final class InferenceCall: Sendable {
  /// The outputs of one request, and how long the parts took, in nanoseconds.
  package struct Success: Sendable {
    package var outputs: [Tensor]
    package var times: Times
  }

  package struct Times: Sendable, Equatable {
    package var queue: UInt64 = 0
    package var input: UInt64 = 0
    package var inference: UInt64 = 0
    package var output: UInt64 = 0
  }

  package typealias Outcome = Result<Success, ServingError>

  /// In the order of the model's inputs.
  let inputs: [Tensor]
  /// Indices of the outputs wanted.
  let outputs: [Int]
  /// The first dimension of all inputs where the model takes batches; 1 otherwise.
  let batchSize: Int
  /// In nanoseconds of the monotonic clock.
  let deadline: UInt64
  let start: UInt64

  private struct State: Sendable {
    var outcome: Outcome?
    var continuation: CheckedContinuation<Outcome, Never>?
    var batch: RunningBatch?
  }
  private let state = Mutex(State())

  init(inputs: [Tensor], outputs: [Int], batchSize: Int, start: UInt64, deadline: UInt64) {
    self.inputs = inputs
    self.outputs = outputs
    self.batchSize = batchSize
    self.start = start
    self.deadline = deadline
  }

  var isFinished: Bool { state.withLock { $0.outcome != nil } }

  /// nil before it is finished.
  var known: Outcome? { state.withLock { $0.outcome } }

  /// Says what became of the call, unless that is known already. A batch that nobody waits for any more is stopped.
  @discardableResult
  func finish(_ outcome: Outcome) -> Bool {
    let (isFirst, continuation, batch) = state.withLock { state in
      guard state.outcome == nil else {
        return (false, CheckedContinuation<Outcome, Never>?.none, RunningBatch?.none)
      }
      state.outcome = outcome
      defer {
        state.continuation = nil
        state.batch = nil
      }
      return (true, state.continuation, state.batch)
    }
    continuation?.resume(returning: outcome)
    if isFirst { batch?.memberFinished() }
    return isFirst
  }

  /// Notes that an instance runs it now; false when it is finished already.
  func run(in batch: RunningBatch) -> Bool {
    state.withLock { state in
      guard state.outcome == nil else { return false }
      state.batch = batch
      return true
    }
  }

  /// Waits for the outcome.
  func outcome() async -> Outcome {
    await withCheckedContinuation { continuation in
      let known = state.withLock { state -> Outcome? in
        if state.outcome == nil { state.continuation = continuation }
        return state.outcome
      }
      if let known { continuation.resume(returning: known) }
    }
  }
}
