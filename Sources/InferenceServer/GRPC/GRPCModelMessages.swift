internal import InferenceProtocol
internal import SwiftProtobuf

extension Inference_ModelConfig {
  init(_ model: ServedModel) {
    self.init()
    let configuration = model.configuration
    name = model.name
    platform = ServerIdentity.platform
    backend = ServerIdentity.platform
    maxBatchSize = Int32(clamping: configuration.batching.maximumSize)
    input = model.inputs.map { tensor in
      .with {
        $0.name = tensor.name
        $0.dataType = tensor.datatype.message
        $0.dims = configuration.dimensions(tensor).map(Int64.init)
      }
    }
    output = model.outputs.map { tensor in
      .with {
        $0.name = tensor.name
        $0.dataType = tensor.datatype.message
        $0.dims = configuration.dimensions(tensor).map(Int64.init)
        $0.labelFilename = configuration.labels[tensor.name] ?? ""
      }
    }
    instanceGroup = [
      .with {
        $0.name = model.name
        $0.count = Int32(clamping: configuration.instances)
        $0.kind = .cpu
      }
    ]
    defaultModelFilename = configuration.fileName
    if configuration.batching.isDynamic {
      dynamicBatching = .with {
        $0.preferredBatchSize = configuration.batching.preferredSizes.map { Int32(clamping: $0) }
        $0.maxQueueDelayMicroseconds = configuration.batching.maximumDelay / 1000
      }
    }
  }
}

extension Datatype {
  fileprivate var message: Inference_DataType {
    switch self {
    case .bool: .typeBool
    case .uint8: .typeUint8
    case .uint16: .typeUint16
    case .uint32: .typeUint32
    case .uint64: .typeUint64
    case .int8: .typeInt8
    case .int16: .typeInt16
    case .int32: .typeInt32
    case .int64: .typeInt64
    case .fp16: .typeFp16
    case .fp32: .typeFp32
    case .fp64: .typeFp64
    case .bf16: .typeBf16
    case .bytes: .typeString
    }
  }
}

extension Inference_ModelStatistics {
  init(_ model: ServedModel) {
    self.init()
    let snapshot = model.statistics.snapshot
    name = model.name
    version = String(model.version)
    lastInference = snapshot.lastInference
    inferenceCount = snapshot.inferences
    executionCount = snapshot.executions
    inferenceStats = .with {
      $0.success = snapshot.success.message
      $0.fail = snapshot.failure.message
      $0.queue = snapshot.queue.message
      $0.computeInput = snapshot.input.message
      $0.computeInfer = snapshot.inference.message
      $0.computeOutput = snapshot.output.message
    }
    batchStats = snapshot.batches.sorted { $0.key < $1.key }.map { size, batch in
      .with {
        $0.batchSize = UInt64(clamping: size)
        $0.computeInput = batch.input.message
        $0.computeInfer = batch.inference.message
        $0.computeOutput = batch.output.message
      }
    }
  }
}

extension ModelStatistics.Duration {
  fileprivate var message: Inference_StatisticDuration {
    .with {
      $0.count = count
      $0.ns = nanoseconds
    }
  }
}
