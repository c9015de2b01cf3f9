package import TFLiteRuntime
internal import TensorConversion
internal import TensorTypes

/// Runs records, a whole batch at once where they fit together, each by itself otherwise.
struct RecordRunner {
  private let single: Interpreter
  private let batched: Interpreter?
  let batchSize: Int
  private let keepsState: Bool

  init(single: Interpreter, batched: Interpreter?, batchSize: Int, keepsState: Bool) {
    self.single = single
    self.batched = batched
    self.batchSize = batched == nil ? 1 : batchSize
    self.keepsState = keepsState
  }

  /// The outputs of each record.
  func run(_ records: [[Tensor]]) -> [Result<[Tensor], RecordError>] {
    if let batched, records.count == batchSize, Self.fitTogether(records) {
      do throws(ModelError) {
        let outputs = try run(batched, try TensorBatch.join(records))
        var results = [[Tensor]](repeating: [], count: records.count)
        for output in outputs {
          let parts = try TensorBatch.split(output, [Int](repeating: 1, count: records.count))
          for (index, part) in parts.enumerated() { results[index].append(part) }
        }
        return results.map { .success($0) }
      } catch {
        // One record's values must not fail the others; which one's they are shows when each is run by itself.
      }
    }
    return records.map { record in
      do throws(ModelError) {
        return .success(try run(single, record))
      } catch {
        return .failure(RecordError("\(error)"))
      }
    }
  }

  private static func fitTogether(_ records: [[Tensor]]) -> Bool {
    guard let first = records.first else { return false }
    return first.allSatisfy { $0.type.shape.dimensions.first == 1 }
      && records.allSatisfy { record in zip(record, first).allSatisfy { $0.type.shape == $1.type.shape } }
  }

  private func run(_ interpreter: Interpreter, _ inputs: [Tensor]) throws(ModelError) -> [Tensor] {
    if !keepsState { interpreter.resetVariables() }
    for (index, tensor) in inputs.enumerated() {
      try interpreter.resizeInput(index, to: tensor.type.shape.dimensions)
    }
    try interpreter.allocate()
    for (index, tensor) in inputs.enumerated() { try interpreter.setInput(index, tensor) }
    try interpreter.invoke()
    var outputs: [Tensor] = []
    for index in interpreter.outputs.indices { outputs.append(try interpreter.output(index)) }
    return outputs
  }
}

/// Whether a model can be run on several records at once.
package enum BatchAbility {
  /// Resizes the inputs of an interpreter to batches.
  ///
  /// - Returns: why the model cannot take them; nil when it can, as far as shapes tell.
  /// - Throws: ``ModelError`` with kind `delegate` when a requirement on the placement is not met.
  package static func prepare(_ interpreter: Interpreter, batchSize: Int) throws(ModelError) -> String? {
    let inputs = interpreter.inputs
    guard !inputs.isEmpty else { return "the model has no inputs" }
    for input in inputs {
      let first = (input.shapeSignature ?? input.type.shape.dimensions).first
      guard let first, first == 1 || first == -1 else {
        return "input '\(input.name)' of shape \(input.type.shape) has no first dimension of 1"
      }
    }
    do throws(ModelError) {
      for (index, input) in inputs.enumerated() {
        try interpreter.resizeInput(index, to: [batchSize] + input.type.shape.dimensions.dropFirst())
      }
      try interpreter.allocate()
    } catch {
      if error.kind == .delegate { throw error }
      return "\(error)"
    }
    for output in interpreter.outputs where output.type.shape.dimensions.first != batchSize {
      // Shapes that depend on values are known when a batch has been run.
      if !interpreter.unplannedOperators.isEmpty { continue }
      return "output '\(output.name)' of shape \(output.type.shape) does not follow the inputs' first dimension"
    }
    return nil
  }
}
