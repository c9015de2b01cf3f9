internal import ArgumentParser
internal import Foundation
internal import RecordStream
internal import TFLiteRuntime

/// `tflite stream`
struct StreamCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stream",
    abstract: "Run a model on records from standard input; results go to standard output, in order.",
    discussion: """
      A record is a line of JSON, or, with --format npz, a length of 8 bytes, little-endian, and an .npy or .npz file (docs/streaming.md). \
      A bad record gets an error in its place, in the output and on standard error.
      """)

  @OptionGroup var arguments: ModelArguments

  @Option(help: "How records come: \(RecordFormat.allValueStrings.joined(separator: ", ")).")
  var format: RecordFormat = .json

  @Option(help: "How results go, where that differs from --format.")
  var outputFormat: RecordFormat?

  @Option(help: "How many records to run at once, where the model's first dimension can be resized.")
  var batch = 1

  @Option(help: "Milliseconds that a batch waits for another record before what it has is run.")
  var batchDelay = 50

  @Option(help: "Pass over the records before this number, counted from 0.")
  var startAt = 0

  @Flag(help: "Keep the model's variables from one record to the next.")
  var keepState = false

  @Flag(help: "Exit with status 1 at the end when a record was bad.")
  var strict = false

  @Option(help: "The most bytes that a record may have.")
  var maxRecordBytes = 64 << 20

  func validate() throws {
    try arguments.requireOneThreadCount()
    guard (1...65_536).contains(batch) else { throw ValidationError("--batch takes 1 to 65536, not \(batch).") }
    guard (0...3_600_000).contains(batchDelay) else { throw ValidationError("--batch-delay takes 0 to 3600000.") }
    guard startAt >= 0 else { throw ValidationError("--start-at takes 0 or more.") }
    guard (1...1 << 40).contains(maxRecordBytes) else {
      throw ValidationError("--max-record-bytes takes a positive number.")
    }
    guard batch == 1 || !keepState else { throw ValidationError("--batch and --keep-state exclude each other.") }
  }

  func run() throws {
    let model = try arguments.loadModel()
    let single = try arguments.makeInterpreter(model)
    let isDynamic = single.inputs.contains { $0.shapeSignature?.contains { $0 < 0 } ?? false }
    do throws(ModelError) {
      try single.allocate()
    } catch {
      // An open dimension of the model's may be what does not work; the records have others.
      guard isDynamic, error.kind != .delegate else { throw error }
    }
    var batched: Interpreter?
    if batch > 1 {
      let interpreter = try arguments.makeInterpreter(model)
      if let reason = try BatchAbility.prepare(interpreter, batchSize: batch) {
        note("records are run one by one: \(reason)")
      } else {
        batched = interpreter
      }
    }
    var options = RecordStream.Options()
    options.input = format
    options.output = outputFormat ?? format
    options.batchSize = batch
    options.start = startAt
    options.maximumRecordBytes = maxRecordBytes
    options.patience = Int32(batchDelay)
    options.keepsState = keepState
    let stream = try RecordStream(single: single, batched: batched, options: options)
    signal(SIGPIPE, SIG_IGN)
    let summary = try stream.run(from: STDIN_FILENO, to: STDOUT_FILENO) { number, error in
      note("record \(number): \(error)")
    }
    guard summary.bad > 0 else { return }
    let text = "\(summary.bad) of \(summary.records) records were bad"
    if strict { throw CommandError(text) }
    note(text)
  }

  private func note(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data("\(text)\n".utf8)) }
}

extension RecordFormat: ExpressibleByArgument {}
