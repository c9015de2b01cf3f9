internal import JSONText

/// The JSON documents about the server and its models.
package enum ModelDocuments {
  package static func server() -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("name", ServerIdentity.name)
      writer.member("version", ServerIdentity.version)
      writer.member("extensions", strings: ServerIdentity.extensions)
    }
  }

  package static func metadata(_ model: ServedModel, versions: [String]) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("name", model.name)
      writer.member("versions", strings: versions)
      writer.member("platform", ServerIdentity.platform)
      for (name, tensors) in [("inputs", model.inputs), ("outputs", model.outputs)] {
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
  }

  package static func configuration(_ model: ServedModel) -> [UInt8] {
    let configuration = model.configuration
    let batching = configuration.batching
    return JSONWriter.object { writer in
      writer.member("name", model.name)
      writer.member("platform", ServerIdentity.platform)
      writer.member("backend", ServerIdentity.platform)
      writer.member("max_batch_size", batching.maximumSize)
      for (name, tensors) in [("input", model.inputs), ("output", model.outputs)] {
        writer.name(name)
        writer.array { writer in
          for tensor in tensors {
            writer.object { writer in
              writer.member("name", tensor.name)
              writer.member("data_type", tensor.datatype.configurationName)
              writer.member("dims", integers: configuration.dimensions(tensor))
              if name == "output", let file = configuration.labels[tensor.name] {
                writer.member("label_filename", file)
              }
            }
          }
        }
      }
      writer.name("instance_group")
      writer.array { writer in
        writer.object { writer in
          writer.member("name", model.name)
          writer.member("kind", "KIND_CPU")
          writer.member("count", configuration.instances)
        }
      }
      writer.member("default_model_filename", configuration.fileName)
      if batching.isDynamic {
        writer.name("dynamic_batching")
        writer.object { writer in
          writer.member("preferred_batch_size", integers: batching.preferredSizes)
          writer.member("max_queue_delay_microseconds", batching.maximumDelay / 1000)
        }
      }
      writer.name("parameters")
      writer.object { writer in
        for (name, value) in [
          ("delegate", configuration.delegate.rawValue), ("threads", "\(configuration.threads)"),
          ("max_queue_size", "\(configuration.maximumQueueSize)"),
        ] {
          writer.name(name)
          writer.object { $0.member("string_value", value) }
        }
      }
    }
  }

  package static func index(_ entries: [ModelRepository.IndexEntry], readyOnly: Bool) -> [UInt8] {
    var writer = JSONWriter()
    writer.array { writer in
      for entry in entries where !readyOnly || entry.state == .ready {
        writer.object { writer in
          writer.member("name", entry.name)
          if !entry.version.isEmpty { writer.member("version", entry.version) }
          if let state = entry.state { writer.member("state", state.rawValue) }
          if !entry.reason.isEmpty { writer.member("reason", entry.reason) }
        }
      }
    }
    return writer.bytes
  }

  package static func statistics(_ models: [ServedModel]) -> [UInt8] {
    JSONWriter.object { writer in
      writer.name("model_stats")
      writer.array { writer in for model in models { statistics(model, &writer) } }
    }
  }

  private static func statistics(_ model: ServedModel, _ writer: inout JSONWriter) {
    let snapshot = model.statistics.snapshot
    writer.object { writer in
      writer.member("name", model.name)
      writer.member("version", String(model.version))
      writer.member("last_inference", snapshot.lastInference)
      writer.member("inference_count", snapshot.inferences)
      writer.member("execution_count", snapshot.executions)
      writer.name("inference_stats")
      writer.object { writer in
        duration(&writer, "success", snapshot.success)
        duration(&writer, "fail", snapshot.failure)
        duration(&writer, "queue", snapshot.queue)
        duration(&writer, "compute_input", snapshot.input)
        duration(&writer, "compute_infer", snapshot.inference)
        duration(&writer, "compute_output", snapshot.output)
        duration(&writer, "cache_hit", .init())
        duration(&writer, "cache_miss", .init())
      }
      writer.name("batch_stats")
      writer.array { writer in
        for (size, batch) in snapshot.batches.sorted(by: { $0.key < $1.key }) {
          writer.object { writer in
            writer.member("batch_size", size)
            duration(&writer, "compute_input", batch.input)
            duration(&writer, "compute_infer", batch.inference)
            duration(&writer, "compute_output", batch.output)
          }
        }
      }
    }
  }

  private static func duration(_ writer: inout JSONWriter, _ name: String, _ value: ModelStatistics.Duration) {
    writer.name(name)
    writer.object { writer in
      writer.member("count", value.count)
      writer.member("ns", value.nanoseconds)
    }
  }

  package static func error(_ message: String) -> [UInt8] {
    JSONWriter.object { $0.member("error", message) }
  }
}

extension ModelConfiguration {
  /// A tensor's shape as configurations give it: without the dimension of the batch.
  package func dimensions(_ tensor: TensorMetadata) -> [Int] {
    batching.maximumSize > 0 ? Array(tensor.shape.dropFirst()) : tensor.shape
  }
}

extension Datatype {
  /// The name in model configurations.
  package var configurationName: String { self == .bytes ? "TYPE_STRING" : "TYPE_\(rawValue)" }
}
