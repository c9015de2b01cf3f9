internal import Glibc
internal import Synchronization
package import TFLiteRuntime

/// What is counted about one version of a model. Durations are sums in nanoseconds.
package final class ModelStatistics: Sendable {
  package enum FailureReason: String, Sendable, CaseIterable {
    case rejected = "REJECTED"
    case cancelled = "CANCELED"
    case backend = "BACKEND"
    case other = "OTHER"
  }

  package struct Duration: Sendable, Equatable {
    package var count: UInt64 = 0
    package var nanoseconds: UInt64 = 0

    mutating func add(_ duration: UInt64) {
      count += 1
      nanoseconds &+= duration
    }
  }

  package struct Batch: Sendable {
    package var input = Duration()
    package var inference = Duration()
    package var output = Duration()
  }

  package struct Snapshot: Sendable {
    package var success = Duration()
    package var failure = Duration()
    package var failures: [FailureReason: UInt64] = [:]
    package var queue = Duration()
    package var input = Duration()
    package var inference = Duration()
    package var output = Duration()
    /// Inferences: a batch of n counts n.
    package var inferences: UInt64 = 0
    package var executions: UInt64 = 0
    package var batches: [Int: Batch] = [:]
    package var latency = Histogram(bounds: Histogram.latencyBounds)
    package var batchSizes = Histogram(bounds: Histogram.batchBounds)
    /// Milliseconds since 1970 of the last inference; 0 before it.
    package var lastInference: UInt64 = 0
    package var pending = 0
    /// Bytes of all arenas that the instances hold.
    package var arenaBytes = 0
    package var placement = Placement()
    package var profile: [Profiler.Entry] = []
  }

  private let state = Mutex(Snapshot())

  private let handles: MetricHandles

  package init(model: String, version: Int) { handles = MetricHandles(model: model, version: version) }

  package var snapshot: Snapshot { state.withLock { $0 } }

  /// A request came.
  func began() { state.withLock { $0.pending += 1 } }

  /// A request that came is counted elsewhere.
  func forgot() { state.withLock { $0.pending -= 1 } }

  func succeeded(_ times: InferenceCall.Times, inferences: Int, total: UInt64) {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    let milliseconds = UInt64(clamping: time.tv_sec) &* 1000 &+ UInt64(clamping: time.tv_nsec / 1_000_000)
    state.withLock { state in
      state.pending -= 1
      state.success.add(total)
      state.queue.add(times.queue)
      state.input.add(times.input)
      state.inference.add(times.inference)
      state.output.add(times.output)
      state.inferences &+= UInt64(inferences)
      state.latency.record(Double(total) / 1000)
      state.lastInference = milliseconds
    }
    handles.succeeded(total: total, queue: times.queue)
  }

  func failed(_ error: ServingError, total: UInt64) {
    let reason: FailureReason =
      switch error.kind {
      case .unavailable, .tooLarge: .rejected
      case .cancelled: .cancelled
      case .internal, .unsupported: .backend
      case .invalidArgument, .notFound, .unauthenticated, .forbidden: .other
      }
    state.withLock { state in
      state.pending -= 1
      state.failure.add(total)
      state.failures[reason, default: 0] += 1
    }
    handles.failed(reason)
  }

  func executed(batchSize: Int, _ times: InferenceCall.Times) {
    state.withLock { state in
      state.executions += 1
      state.batchSizes.record(Double(batchSize))
      var batch = state.batches[batchSize] ?? Batch()
      batch.input.add(times.input)
      batch.inference.add(times.inference)
      batch.output.add(times.output)
      // One entry for each size up to the largest batch, which the configuration bounds.
      state.batches[batchSize] = batch
    }
    handles.executed(batchSize: batchSize)
  }

  /// An instance's arenas have become larger or smaller.
  func arenasChanged(by bytes: Int) { state.withLock { $0.arenaBytes += bytes } }

  func update(placement: Placement, profile: [Profiler.Entry]) {
    state.withLock { state in
      state.placement = placement
      state.profile = profile
    }
  }
}
