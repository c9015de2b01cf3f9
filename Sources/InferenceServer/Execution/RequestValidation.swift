package import TFLiteRuntime

/// Checks requests against a model's inputs and outputs; errors read as Triton's.
package struct RequestValidation {
  private let model: String
  private let inputs: [TensorMetadata]
  private let outputs: [TensorMetadata]
  /// 0 where the model takes no batches.
  private let maximumBatch: Int

  package init(_ served: ServedModel) {
    self.init(
      model: served.name, inputs: served.inputs, outputs: served.outputs,
      maximumBatch: served.configuration.batching.maximumSize)
  }

  package init(model: String, inputs: [TensorMetadata], outputs: [TensorMetadata], maximumBatch: Int) {
    self.model = model
    self.inputs = inputs
    self.outputs = outputs
    self.maximumBatch = maximumBatch
  }

  /// The request's tensors in the order of the model's inputs, and how many items of a batch they are.
  package func inputs(_ request: InferenceRequest) throws(ServingError) -> ([Tensor], batchSize: Int) {
    var found = [NamedTensor?](repeating: nil, count: inputs.count)
    for tensor in request.inputs {
      guard let index = inputs.firstIndex(where: { $0.name == tensor.name }) else {
        throw ServingError(.invalidArgument, "unexpected inference input '\(tensor.name)' for model '\(model)'")
      }
      guard found[index] == nil else {
        throw ServingError(
          .invalidArgument, "input '\(tensor.name)' already exists in request for model '\(model)'")
      }
      found[index] = tensor
    }
    let given = found.compactMap { $0 }
    guard given.count == inputs.count else {
      let names = given.map { "'\($0.name)'" }.joined(separator: ",")
      let missing = zip(inputs, found).filter { $1 == nil }.map { "'\($0.0.name)'" }.joined(separator: ",")
      throw ServingError(
        .invalidArgument,
        "expected \(inputs.count) inputs but got \(given.count) inputs for model '\(model)'. Got input(s) [\(names)], "
          + "but missing required input(s) [\(missing)]. Please provide all required input(s).")
    }
    for (expected, tensor) in zip(inputs, given) {
      guard tensor.datatype == expected.datatype else {
        throw ServingError(
          .invalidArgument,
          "inference input '\(tensor.name)' data-type is '\(tensor.datatype.rawValue)', but model '\(model)' expects "
            + "'\(expected.datatype.rawValue)'")
      }
      guard tensor.shape.count == expected.shape.count,
        zip(tensor.shape, expected.shape).allSatisfy({ $1 < 0 || $0 == $1 })
      else {
        throw ServingError(
          .invalidArgument,
          "unexpected shape for input '\(tensor.name)' for model '\(model)'. Expected "
            + "\(expected.shape.protocolText), got \(tensor.shape.protocolText)")
      }
    }
    let batchSize = maximumBatch > 0 ? given.first?.shape.first ?? 1 : 1
    if maximumBatch > 0 {
      guard given.allSatisfy({ $0.shape.first == batchSize }) else {
        throw ServingError(
          .invalidArgument, "input batch size does not match other inputs for '\(model)'")
      }
      guard batchSize >= 1, batchSize <= maximumBatch else {
        throw ServingError(
          .invalidArgument, "inference request batch-size must be <= \(maximumBatch) for '\(model)'")
      }
    }
    return (given.map(\.tensor), batchSize)
  }

  /// Indices of the outputs that the request wants.
  package func outputs(_ request: InferenceRequest) throws(ServingError) -> [Int] {
    if request.outputs.isEmpty { return Array(outputs.indices) }
    var wanted: [Int] = []
    for name in request.outputs {
      guard let index = outputs.firstIndex(where: { $0.name == name }) else {
        throw ServingError(.invalidArgument, "unexpected inference output '\(name)' for model '\(model)'")
      }
      if request.classes[name] != nil, !outputs[index].datatype.isRanked { throw .unranked(outputs[index].datatype) }
      if !wanted.contains(index) { wanted.append(index) }
    }
    return wanted
  }
}
