internal import CoreMetrics

/// The same figures through swift-metrics, for programs that bootstrap a system of their own.
struct MetricHandles: Sendable {
  private let duration: CoreMetrics.Timer
  private let queue: CoreMetrics.Timer
  private let batchSize: Recorder
  private let failures: [ModelStatistics.FailureReason: Counter]

  init(model: String, version: Int) {
    let labels = [("model", model), ("version", String(version))]
    duration = CoreMetrics.Timer(label: "tflite_request_duration", dimensions: labels)
    queue = CoreMetrics.Timer(label: "tflite_queue_duration", dimensions: labels)
    batchSize = Recorder(label: "tflite_batch_size", dimensions: labels)
    failures = Dictionary(
      uniqueKeysWithValues: ModelStatistics.FailureReason.allCases.map {
        ($0, Counter(label: "tflite_request_failures", dimensions: labels + [("reason", $0.rawValue)]))
      })
  }

  func succeeded(total: UInt64, queue waited: UInt64) {
    duration.recordNanoseconds(Int64(clamping: total))
    queue.recordNanoseconds(Int64(clamping: waited))
  }

  func failed(_ reason: ModelStatistics.FailureReason) { failures[reason]?.increment() }

  func executed(batchSize size: Int) { batchSize.record(Int64(size)) }
}
