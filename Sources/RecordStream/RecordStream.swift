internal import JSONText
package import TFLiteRuntime
internal import TensorConversion
package import TensorFiles
internal import TensorTypes

/// Runs a model on records that are read from a descriptor, and writes a result for each, in order, to another.
///
/// No more than two batches of records are in memory. Nothing that a record says ends the stream: what cannot be run gets an error in its place.
package struct RecordStream {
  package struct Options: Sendable {
    package var input = RecordFormat.json
    package var output = RecordFormat.json
    /// How many records are run at once where the model can.
    package var batchSize = 1
    /// Records before this number are passed over without a result. Numbers start at 0.
    package var start = 0
    /// The most bytes of one record, and of one array that it unpacks to.
    package var maximumRecordBytes = 64 << 20
    /// How many milliseconds a batch that is not full waits for each further record.
    package var patience: Int32 = 50
    /// Variables live on from one record to the next, instead of being reset.
    package var keepsState = false

    package init() {}
  }

  package struct Summary: Sendable, Hashable {
    /// How many records got a result or an error.
    package var records = 0
    package var bad = 0
    /// The reader of the results went away before all were written.
    package var isOutputClosed = false

    package init(records: Int = 0, bad: Int = 0, isOutputClosed: Bool = false) {
      self.records = records
      self.bad = bad
      self.isOutputClosed = isOutputClosed
    }
  }

  private let options: Options
  private let inputs: RecordInputs
  private let outputNames: [String]
  private let runner: RecordRunner

  /// - Parameters:
  ///   - single: runs records one by one.
  ///   - batched: another interpreter of the same model, for full batches; nil to run all records one by one.
  /// - Throws: ``RecordError`` when the formats cannot hold the model's inputs and outputs.
  package init(single: Interpreter, batched: Interpreter? = nil, options: Options) throws(RecordError) {
    self.options = options
    inputs = RecordInputs(single.inputs)
    outputNames = single.outputs.map(\.name)
    runner = RecordRunner(
      single: single, batched: options.keepsState || options.batchSize < 2 ? nil : batched,
      batchSize: options.batchSize, keepsState: options.keepsState)
    for (format, tensors, what) in [
      (options.input, single.inputs, "input"), (options.output, single.outputs, "output"),
    ] {
      for tensor in tensors where format == .json && !JSONElements.represents(tensor.type.element) {
        throw RecordError("\(what) '\(tensor.name)' of \(tensor.type.element) has no JSON form; use the format npz")
      }
    }
    guard Set(outputNames).count == outputNames.count else {
      throw RecordError("two outputs have the same name")
    }
    if options.output == .npz, let name = outputNames.first(where: { $0 == "record" || $0 == "error" }) {
      throw RecordError("an output is called '\(name)', as results call something else; use the format json")
    }
  }

  /// A record that was read.
  private struct Entry {
    let number: Int
    var content = RecordInputs.Content()
    var error: RecordError?
  }

  /// Runs until the input ends or the output is closed. The process must ignore SIGPIPE.
  ///
  /// - Parameter report: is told of every bad record, with its number.
  /// - Throws: ``TensorFileError`` when the input cannot be read or the output cannot be written.
  package func run(
    from input: Int32, to output: Int32, report: (Int, RecordError) -> Void
  ) throws(TensorFileError) -> Summary {
    var reader = RecordReader(input, format: options.input, maximumBytes: options.maximumRecordBytes)
    var writer = RecordWriter(output)
    var summary = Summary()
    var number = 0
    var isEnded = false
    while !isEnded {
      var entries: [Entry] = []
      var good = 0
      gathering: while good < runner.batchSize, entries.count < 2 * runner.batchSize {
        let item = try reader.next(patience: entries.isEmpty ? nil : options.patience)
        switch item {
        case .pending: break gathering
        case .end:
          isEnded = true
          break gathering
        case .bad, .record:
          defer { number += 1 }
          if number < options.start { continue }
          let entry = read(item, number)
          if entry.error == nil { good += 1 }
          entries.append(entry)
        }
      }
      try write(entries, &writer, &summary, report)
      if writer.isClosed {
        summary.isOutputClosed = true
        return summary
      }
    }
    return summary
  }

  private func read(_ item: RecordReader.Item, _ number: Int) -> Entry {
    var entry = Entry(number: number)
    do throws(RecordError) {
      switch (item, options.input) {
      case (.record(let bytes), .json): try inputs.read(json: bytes, into: &entry.content)
      case (.record(let bytes), .npz):
        entry.content.tensors = try inputs.read(npz: bytes, maximumBytes: options.maximumRecordBytes)
      case (.bad(let error), _): throw error
      default: break
      }
    } catch {
      entry.error = error
    }
    return entry
  }

  private func write(
    _ entries: [Entry], _ writer: inout RecordWriter, _ summary: inout Summary, _ report: (Int, RecordError) -> Void
  ) throws(TensorFileError) {
    var outcomes = runner.run(entries.filter { $0.error == nil }.map(\.content.tensors))[...]
    for entry in entries {
      let outcome: Result<[Tensor], RecordError> =
        entry.error.map { .failure($0) } ?? outcomes.popFirst() ?? .failure(RecordError("the record was not run"))
      summary.records += 1
      if case .failure(let error) = outcome {
        summary.bad += 1
        report(entry.number, error)
      }
      let result = RecordResult(number: entry.number, id: entry.content.id, outcome: outcome)
      try writer.write(options.output == .json ? result.json(outputNames) : result.npz(outputNames))
    }
    try writer.flush()
  }
}
