internal import ArgumentParser
internal import Foundation
internal import TFLiteRuntime
internal import TensorConversion
internal import TensorFiles

/// `tflite run`
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a model once on given or random inputs.",
    discussion: """
      Arrays of --inputs are found under the tensor's name, the signature's name, the input's index (0, 1, …) or in0, in1, …; where their \
      shape differs from the model's, the input is resized. Without --inputs and --image, inputs are random (seeded).
      """)

  @OptionGroup var arguments: ModelArguments

  @OptionGroup var input: InputArguments

  @Option(help: "A PNG or JPEG picture for a model with one image input.", completion: .file())
  var image: String?

  @Option(help: "Subtracted from each pixel value (0 to 255).")
  var mean: Float?

  @Option(help: "Divides each pixel value after the mean is subtracted.")
  var std: Float?

  @Option(help: "Write the outputs to this .npz file, under 0, 1, ….", completion: .file(extensions: ["npz"]))
  var output: String?

  @Flag(help: "Use the signature's or the tensors' names in the output file.")
  var names = false

  @Option(help: "A text file with one class label a line; prints the likeliest classes.", completion: .file())
  var labels: String?

  @Option(help: "How many classes to print.")
  var top: Int = 5

  @Flag(help: "Print the summary as JSON.")
  var json = false

  func validate() throws {
    try arguments.requireOneThreadCount()
    guard input.inputs == nil || image == nil else { throw ValidationError("--inputs and --image exclude each other.") }
    guard top > 0 else { throw ValidationError("--top takes a positive number.") }
    if let std, std == 0 || !std.isFinite { throw ValidationError("--std must be a number other than 0.") }
  }

  func run() throws {
    let model = try arguments.loadModel()
    let interpreter = try arguments.makeInterpreter(model)
    if let image {
      try ImageInput(path: image, mean: mean, standardDeviation: std).fill(interpreter)
    } else {
      try input.data().fill(interpreter)
    }
    let clock = ContinuousClock()
    var failure: ModelError?
    let elapsed = clock.measure {
      do throws(ModelError) { try interpreter.invoke() } catch { failure = error }
    }
    if let failure { throw failure }
    var results: [(name: String, tensor: Tensor)] = []
    for (index, description) in interpreter.outputs.enumerated() {
      results.append((description.name, try interpreter.output(index)))
    }
    if let output {
      try NumpyArchive.write(
        try results.enumerated().map { (names ? $1.name : "\($0)", try NumpyArray($1.tensor)) }, to: output)
    }
    let summaries = results.enumerated().map { OutputSummary(index: $0, name: $1.name, $1.tensor) }
    let classes = try labels.map { try Classes(labels: $0, scores: results.first?.tensor, count: top) }
    if json {
      try printJSON(
        RunReport(
          model: arguments.model, delegate: arguments.delegate.rawValue, threads: arguments.threads,
          invokeUs: elapsed.microseconds, outputs: summaries, classes: classes?.ranked))
    } else {
      printSummary(summaries, elapsed)
      if let classes { print(classes.text) }
    }
  }

  private func printSummary(_ summaries: [OutputSummary], _ elapsed: Duration) {
    var table = TextTable(
      ["output", "name", "type", "shape", "min", "max", "mean"], [.right, .left, .left, .left, .right, .right, .right])
    for row in summaries {
      func number(_ value: Double?) -> String { value.map { String(format: "%.6g", $0) } ?? "-" }
      table.add([
        "\(row.index)", row.name, row.dtype, "[" + row.shape.map(String.init).joined(separator: ", ") + "]",
        number(row.min), number(row.max), number(row.mean),
      ])
    }
    print(table.text())
    print(
      Terminal.dim(
        "\(arguments.delegate.rawValue), \(arguments.threads) thread\(arguments.threads == 1 ? "" : "s"): "
          + "\((elapsed.microseconds / 1000).text(3)) ms for the first invocation"))
  }
}

private struct RunReport: Encodable {
  let model: String
  let delegate: String
  let threads: Int
  let invokeUs: Double
  let outputs: [OutputSummary]
  let classes: [Classes.Ranked]?
}

/// The likeliest classes of a classifier's output.
struct Classes {
  struct Ranked: Encodable {
    let label: String
    let index: Int
    let score: Float
  }
  let ranked: [Ranked]

  init(labels path: String, scores: Tensor?, count: Int) throws {
    let text = String(decoding: try readFile(path, limit: 1 << 26), as: UTF8.self)
    let labels = text.split(whereSeparator: \.isNewline).map(String.init)
    guard let values = scores?.realValues, !values.isEmpty else {
      throw CommandError("--labels needs a first output of numbers")
    }
    ranked = values.indices.sorted { values[$0] > values[$1] }.prefix(count).map { index in
      Ranked(label: index < labels.count ? labels[index] : "class \(index)", index: index, score: values[index])
    }
  }

  var text: String {
    let width = ranked.map(\.label.count).max() ?? 0
    // Scores that are no probabilities are drawn relative to the best one.
    let scale = ranked.allSatisfy { $0.score >= 0 && $0.score <= 1.001 } ? 1 : Double(ranked.first?.score ?? 1)
    return ranked.enumerated().map { rank, row in
      let label = row.label + String(repeating: " ", count: width - row.label.count)
      let line = "\(label)  \(Terminal.bar(Double(row.score) / scale, width: 30))  \(String(format: "%.4f", row.score))"
      return rank == 0 ? Terminal.bold(line) : line
    }.joined(separator: "\n")
  }
}

extension Duration {
  var microseconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
  }
}
