/// What `/metrics` tells, by Triton's names where Triton has one.
package enum ServerMetrics {
  private typealias Row = (labels: [(String, String)], snapshot: ModelStatistics.Snapshot, model: ServedModel)

  package static func text(_ models: [ServedModel], admission: AdmissionControl) -> String {
    let rows = models.map { model -> Row in
      ([("model", model.name), ("version", String(model.version))], model.statistics.snapshot, model)
    }
    var out = PrometheusText()
    func counter(_ name: String, _ help: String, type: String = "counter", _ value: (Row) -> UInt64) {
      out.family(name, type, help)
      for row in rows { out.sample(name, row.labels, String(value(row))) }
    }
    counter("nv_inference_request_success", "Number of successful inference requests") { $0.snapshot.success.count }
    out.family("nv_inference_request_failure", "counter", "Number of failed inference requests")
    for row in rows {
      for reason in ModelStatistics.FailureReason.allCases {
        out.sample(
          "nv_inference_request_failure", row.labels + [("reason", reason.rawValue)],
          String(row.snapshot.failures[reason] ?? 0))
      }
    }
    counter("nv_inference_count", "Number of inferences performed (a batch of n counts n)") { $0.snapshot.inferences }
    counter("nv_inference_exec_count", "Number of model executions (a batch counts once)") { $0.snapshot.executions }
    counter("nv_inference_pending_request_count", "Requests waiting or running", type: "gauge") {
      UInt64(clamping: $0.snapshot.pending)
    }
    counter("nv_inference_request_duration_us", "Cumulative request duration in microseconds") {
      ($0.snapshot.success.nanoseconds &+ $0.snapshot.failure.nanoseconds) / 1000
    }
    counter("nv_inference_queue_duration_us", "Cumulative queuing duration in microseconds") {
      $0.snapshot.queue.nanoseconds / 1000
    }
    counter("nv_inference_compute_input_duration_us", "Cumulative time to write inputs in microseconds") {
      $0.snapshot.input.nanoseconds / 1000
    }
    counter("nv_inference_compute_infer_duration_us", "Cumulative time in the model in microseconds") {
      $0.snapshot.inference.nanoseconds / 1000
    }
    counter("nv_inference_compute_output_duration_us", "Cumulative time to read outputs in microseconds") {
      $0.snapshot.output.nanoseconds / 1000
    }
    out.family("tflite_request_duration_us", "histogram", "Duration of successful requests in microseconds")
    for row in rows { out.histogram("tflite_request_duration_us", row.labels, row.snapshot.latency) }
    out.family("tflite_batch_size", "histogram", "Batch sizes of executions")
    for row in rows { out.histogram("tflite_batch_size", row.labels, row.snapshot.batchSizes) }
    counter("tflite_queued_requests", "Requests waiting for an instance", type: "gauge") {
      UInt64(clamping: $0.model.waiting)
    }
    counter(
      "tflite_arena_bytes", "Memory of tensors in all instances, plans kept for other shapes included", type: "gauge"
    ) {
      UInt64(clamping: $0.snapshot.arenaBytes)
    }
    counter("tflite_model_bytes", "Size of the model's file, weights included", type: "gauge") {
      UInt64(clamping: $0.model.modelBytes)
    }
    counter("tflite_instances", "Interpreters of the model", type: "gauge") {
      UInt64(clamping: $0.model.configuration.instances)
    }
    out.family("tflite_server_requests", "gauge", "Inference requests under way in the server")
    out.sample("tflite_server_requests", [], String(admission.requests))
    out.family("tflite_server_request_bytes", "gauge", "Bytes of requests under way in the server")
    out.sample("tflite_server_request_bytes", [], String(admission.bytes))
    return out.text
  }
}
