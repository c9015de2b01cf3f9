internal import JSONText
internal import TFLiteRuntime

/// The JSON document that the page draws: models, their counters, operators and placement.
enum PageData {
  static func document(_ service: InferenceService) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("server", ServerIdentity.version)
      writer.member("requests", service.admission.requests)
      writer.member("bytes", service.admission.bytes)
      writer.name("models")
      writer.array { writer in for model in service.repository.readyModels { self.model(model, &writer) } }
      writer.name("index")
      writer.array { writer in
        for entry in service.repository.index() where entry.state != .ready {
          writer.object { writer in
            writer.member("name", entry.name)
            writer.member("version", entry.version)
            writer.member("state", entry.state?.rawValue ?? "")
            writer.member("reason", entry.reason)
          }
        }
      }
    }
  }

  private static func model(_ model: ServedModel, _ writer: inout JSONWriter) {
    let snapshot = model.statistics.snapshot
    writer.object { writer in
      writer.member("name", model.name)
      writer.member("version", model.version)
      writer.member("delegate", model.configuration.delegate.rawValue)
      writer.member("threads", model.configuration.threads)
      writer.member("instances", model.configuration.instances)
      writer.member("max_batch_size", model.configuration.batching.maximumSize)
      writer.member("model_bytes", model.modelBytes)
      writer.member("arena_bytes", snapshot.arenaBytes)
      writer.member("success", snapshot.success.count)
      writer.member("fail", snapshot.failure.count)
      writer.member("pending", snapshot.pending)
      writer.member("queued", model.waiting)
      writer.member("executions", snapshot.executions)
      writer.member("inferences", snapshot.inferences)
      writer.member("total_ns", snapshot.success.nanoseconds)
      writer.member("queue_ns", snapshot.queue.nanoseconds)
      writer.member("infer_ns", snapshot.inference.nanoseconds)
      writer.name("latency")
      writer.object { writer in
        writer.name("bounds")
        writer.array { writer in for bound in snapshot.latency.bounds { writer.number(bound) } }
        writer.name("counts")
        writer.array { writer in for count in snapshot.latency.counts { writer.integer(count) } }
      }
      tensors(&writer, "inputs", model.inputs)
      tensors(&writer, "outputs", model.outputs)
      writer.name("operators")
      writer.array { writer in
        for entry in snapshot.profile {
          writer.object { writer in
            writer.member("name", entry.name)
            writer.member("count", entry.invocations)
            writer.member("total_ns", entry.totalNanoseconds)
            writer.member("min_ns", entry.minimumNanoseconds)
          }
        }
      }
      writer.name("placement")
      writer.array { writer in
        for entry in snapshot.placement.operators {
          writer.object { writer in
            writer.member("subgraph", entry.origin.subgraph)
            writer.member("index", entry.origin.index)
            writer.member("name", entry.name)
            writer.member("delegate", entry.delegate)
            writer.member("reason", entry.reason)
          }
        }
      }
    }
  }

  private static func tensors(_ writer: inout JSONWriter, _ name: String, _ tensors: [TensorMetadata]) {
    writer.name(name)
    writer.array { writer in
      for tensor in tensors {
        writer.object { writer in
          writer.member("name", tensor.name)
          writer.member("datatype", tensor.datatype.rawValue)
          writer.member("shape", integers: tensor.shape)
        }
      }
    }
  }
}
