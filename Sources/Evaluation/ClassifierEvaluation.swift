package import TFLiteRuntime
internal import TensorTypes

/// Runs a classifier in several ways over the same samples, and counts how often each one is right and which of them agree.
///
/// The ways take turns with every batch, so that what else the machine does befalls all of them. A batch is the input's first dimension; the
/// last one is filled up with the last sample.
package struct ClassifierEvaluation {
  /// One way to run the model.
  package struct Candidate {
    package let name: String
    package let interpreter: Interpreter

    package init(name: String, interpreter: Interpreter) {
      self.name = name
      self.interpreter = interpreter
    }
  }

  package struct Result: Sendable {
    package let name: String
    package let tally: ClassificationTally
    /// Time in invocations; writing inputs and reading outputs not counted, nor the first invocation, which is made once more.
    package let duration: Duration
  }

  package struct Agreement: Sendable {
    package let first: String
    package let second: String
    package let agreement: ClassificationAgreement
  }

  package private(set) var results: [Result] = []
  /// Of every pair of candidates.
  package private(set) var agreements: [Agreement] = []
  package let samples: Int
  package let classes: Int

  /// Evaluates the first `limit` samples.
  ///
  /// - Parameters:
  ///   - labelOffset: added to a sample's label to get its class, as for networks whose class 0 is "background".
  ///   - progress: called after each batch with the number of samples done, and the tallies.
  /// - Throws: ``EvaluationError``, `ModelError`, `TensorFileError`.
  package init(
    _ candidates: [Candidate], _ samples: some LabelledSamples, limit: Int = .max, labelOffset: Int = 0,
    progress: (_ done: Int, _ tallies: [ClassificationTally]) -> Void = { _, _ in }
  ) throws {
    guard let first = candidates.first?.interpreter else {
      throw EvaluationError(.model, "there is nothing to evaluate")
    }
    guard first.inputs.count == 1 else {
      throw EvaluationError(.model, "a classifier has one input; this model has \(first.inputs.count)")
    }
    let count = min(samples.count, max(limit, 0))
    guard count > 0 else { throw EvaluationError(.dataset, "the data set has no samples") }
    let type = first.inputs[0].type
    guard type.shape.rank > 0, type.shape[0] > 0, let one = Shape([1] + type.shape.dimensions.dropFirst()) else {
      throw EvaluationError(.model, "the model's input of shape \(type.shape) has no dimension for samples")
    }
    let batch = type.shape[0]
    let sampleType = TensorType(element: type.element, shape: one, quantization: type.quantization)
    var tallies = [ClassificationTally](repeating: ClassificationTally(), count: candidates.count)
    var durations = [Duration](repeating: .zero, count: candidates.count)
    let pairs = candidates.indices.flatMap { a in (a + 1..<max(candidates.count, a + 1)).map { (a, $0) } }
    var agreements = [ClassificationAgreement](repeating: ClassificationAgreement(), count: pairs.count)
    var classes = 0
    let clock = ContinuousClock()
    for start in stride(from: 0, to: count, by: batch) {
      let end = min(start + batch, count)
      var bytes: [UInt8] = []
      for index in start..<end { bytes += try samples.sample(index, sampleType).bytes }
      let size = bytes.count / (end - start)
      for _ in end..<start + batch { bytes += bytes.suffix(size) }
      var scores: [[Float]] = []
      for (number, candidate) in candidates.enumerated() {
        let interpreter = candidate.interpreter
        try interpreter.setInput(0, bytes: unsafe bytes.span.bytes)
        if start == 0 { try interpreter.invoke() }
        let begin = clock.now
        try interpreter.invoke()
        durations[number] += clock.now - begin
        if start == 0 { classes = try Self.classes(interpreter, batch: batch) }
        scores.append(try interpreter.realOutput(0))
      }
      for index in start..<end {
        let (label, overflows) = samples.label(index).addingReportingOverflow(labelOffset)
        guard !overflows, label >= 0, label < classes else {
          throw EvaluationError(
            .label,
            "sample \(index) has label \(samples.label(index))"
              + (labelOffset == 0 ? "" : ", with the offset \(overflows ? "too large" : "\(label)")")
              + "; the output has classes 0 to \(classes - 1)")
        }
        let range = (index - start) * classes..<(index - start + 1) * classes
        for number in candidates.indices { tallies[number].count(scores[number][range], label: label) }
        let best = scores.map { ClassRanking.best($0[range]) }
        for (number, pair) in pairs.enumerated() { agreements[number].count(best[pair.0], best[pair.1]) }
      }
      progress(end, tallies)
    }
    self.samples = count
    self.classes = classes
    results = candidates.indices.map { Result(name: candidates[$0].name, tally: tallies[$0], duration: durations[$0]) }
    self.agreements = pairs.enumerated().map { number, pair in
      Agreement(
        first: candidates[pair.0].name, second: candidates[pair.1].name, agreement: agreements[number])
    }
  }

  /// The samples of the invocations that were timed: whole batches.
  package func samplesPerSecond(_ result: Result) -> Double {
    let (seconds, attoseconds) = result.duration.components
    return Double(samples) / (Double(seconds) + Double(attoseconds) / 1e18)
  }

  /// The classes of the first output, whose dimensions but the first and one other are 1.
  private static func classes(_ interpreter: Interpreter, batch: Int) throws(EvaluationError) -> Int {
    guard let shape = interpreter.outputs.first?.type.shape else {
      throw EvaluationError(.model, "the model has no output")
    }
    guard shape.rank > 1 || batch == 1, shape.elementCount % batch == 0, shape.elementCount > 0,
      batch == 1 || shape[0] == batch,
      shape.dimensions.dropFirst(shape.rank > 1 ? 1 : 0).filter({ $0 != 1 }).count <= 1,
      shape.rank < 2 || batch > 1 || shape[0] == 1
    else {
      throw EvaluationError(.model, "the first output has shape \(shape), not one score for each class")
    }
    return shape.elementCount / batch
  }
}
