internal import FoundationEssentials
internal import InferenceProtocol
internal import SwiftProtobuf

extension InferenceRequest {
  /// - Throws: ``ServingError`` when the message contradicts itself or asks for an extension that is not there.
  init(_ message: Inference_ModelInferRequest) throws(ServingError) {
    self.init(model: message.modelName, version: message.modelVersion, id: message.id, inputs: [])
    switch message.parameters["timeout"]?.parameterChoice {
    case nil, .int64Param(0), .uint64Param(0): break
    case .int64Param(let microseconds) where microseconds > 0:
      timeout = .microseconds(min(microseconds, 86_400_000_000))
    case .uint64Param(let microseconds): timeout = .microseconds(Int64(min(microseconds, 86_400_000_000)))
    default:
      throw ServingError(
        .invalidArgument, "Unable to parse 'timeout' of request: expected a whole number, 0 or more")
    }
    for name in ["sequence_id", "sequence_start", "sequence_end"] {
      guard let parameter = message.parameters[name], parameter.isSet else { continue }
      throw ServingError(.unsupported, "parameter '\(name)' is not supported")
    }
    let usesRaw = !message.rawInputContents.isEmpty
    if usesRaw {
      guard message.rawInputContents.count == message.inputs.count else {
        throw ServingError(
          .invalidArgument,
          "expected \(message.inputs.count) raw input contents for model '\(message.modelName)', got "
            + "\(message.rawInputContents.count)")
      }
    }
    for (index, input) in message.inputs.enumerated() {
      guard let datatype = Datatype(rawValue: input.datatype) else {
        throw ServingError(.invalidArgument, "invalid datatype '\(input.datatype)' for input '\(input.name)'")
      }
      guard input.parameters["shared_memory_region"] == nil else {
        throw ServingError(.unsupported, "shared memory is not supported (input '\(input.name)')")
      }
      let shape = input.shape.map { Int(clamping: $0) }
      if usesRaw {
        guard !input.hasContents else {
          throw ServingError(
            .invalidArgument,
            "contents field must not be specified when using raw_input_contents for '\(input.name)' for model "
              + "'\(message.modelName)'")
        }
        inputs.append(
          try NamedTensor(
            name: input.name, datatype: datatype, shape: shape, raw: Array(message.rawInputContents[index])))
      } else {
        inputs.append(
          try NamedTensor(name: input.name, datatype: datatype, shape: shape, contents: input.contents))
      }
    }
    for output in message.outputs {
      guard output.parameters["shared_memory_region"] == nil else {
        throw ServingError(
          .unsupported, "parameter 'shared_memory_region' of output '\(output.name)' is not supported")
      }
      switch output.parameters["classification"]?.parameterChoice {
      case nil, .int64Param(0), .uint64Param(0): break
      case .int64Param(let count) where count > 0: classes[output.name] = Int(count)
      case .uint64Param(let count): classes[output.name] = Int(clamping: count)
      default:
        throw ServingError(
          .invalidArgument,
          "Unable to parse 'classification' of output '\(output.name)': expected a whole number, 0 or more")
      }
      outputs.append(output.name)
    }
  }
}

extension Inference_InferParameter {
  /// Whether it says something: clients send 0, false and "" for what they do not use.
  fileprivate var isSet: Bool {
    switch parameterChoice {
    case .boolParam(let value): value
    case .int64Param(let value): value != 0
    case .uint64Param(let value): value != 0
    case .stringParam(let value): !value.isEmpty
    case .doubleParam(let value): value != 0
    case nil: false
    }
  }
}

extension Inference_ModelInferRequest {
  /// About how many bytes the tensors take.
  var tensorBytes: Int {
    var count = rawInputContents.reduce(0) { $0 + $1.count }
    for input in inputs where input.hasContents {
      let contents = input.contents
      count += contents.boolContents.count
      count += 4 * (contents.intContents.count + contents.uintContents.count + contents.fp32Contents.count)
      count += 8 * (contents.int64Contents.count + contents.uint64Contents.count + contents.fp64Contents.count)
      count += contents.bytesContents.reduce(0) { $0 + $1.count + 4 }
    }
    return count
  }
}

extension Inference_ModelInferResponse {
  init(_ response: InferenceResponse) {
    self.init()
    modelName = response.model
    modelVersion = response.version
    id = response.id
    outputs = response.outputs.map { output in
      .with {
        $0.name = output.name
        $0.datatype = output.datatype.rawValue
        $0.shape = output.shape.map(Int64.init)
      }
    }
    rawOutputContents = response.outputs.map { Data($0.raw) }
  }
}

extension TensorMetadata {
  var message: Inference_ModelMetadataResponse.TensorMetadata {
    .with {
      $0.name = name
      $0.datatype = datatype.rawValue
      $0.shape = shape.map(Int64.init)
    }
  }
}
