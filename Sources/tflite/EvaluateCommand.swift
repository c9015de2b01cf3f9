internal import ArgumentParser
internal import Evaluation
internal import Kernels
internal import TFLiteRuntime
internal import TensorFiles

/// `tflite evaluate`
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure how often a classifier is right, per delegate, and whether delegates agree.",
    discussion: """
      Samples are an .npz file with an array of inputs (images, inputs, x, data, or the input's name) and one of classes (labels, label, targets, \
      y), or pictures. A folder of pictures needs a file that names each one with the number of its class ('cat.png 3'); a folder that has a \
      folder of pictures for each class needs a file with the classes' names, one a line, the first being class 0. Pixels become \
      (pixel - mean) / std. Of equal scores the class of the lower number comes first; scores that are not numbers come last.
      """)

  @OptionGroup var arguments: ModelArguments

  @Option(help: "The delegates to evaluate, separated by commas; --delegate by default.")
  var delegates: DelegateNames?

  @Option(help: "An .npz file with samples and their classes.", completion: .file(extensions: ["npz"]))
  var dataset: String?

  @Option(help: "A folder of PNG and JPEG pictures, or of folders of them.", completion: .directory)
  var images: String?

  @Option(help: "The pictures' classes, or the classes' names.", completion: .file())
  var labels: String?

  @Option(help: "Subtracted from each pixel value (0 to 255).")
  var mean: Float?

  @Option(help: "Divides each pixel value after the mean is subtracted.")
  var std: Float?

  @Option(help: "Added to each label; 1 where class 0 of the model is a background that the labels do not count.")
  var labelOffset: Int = 0

  @Option(help: "Evaluate only this many samples, from the first.")
  var limit: Int?

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    try arguments.requireOneThreadCount()
    guard (dataset == nil) != (images == nil) else { throw ValidationError("Give either --dataset or --images.") }
    guard (images == nil) == (labels == nil) else { throw ValidationError("--images and --labels belong together.") }
    if delegates != nil, arguments.delegate != .builtin {
      throw ValidationError("--delegate and --delegates exclude each other.")
    }
    if let names = delegates?.values, Set(names).count < names.count {
      throw ValidationError("--delegates names one twice.")
    }
    if let std, std == 0 || !std.isFinite { throw ValidationError("--std must be a number other than 0.") }
    if let mean, !mean.isFinite { throw ValidationError("--mean must be a number.") }
    if let limit, limit < 1 { throw ValidationError("--limit takes a positive number.") }
  }

  func run() throws {
    let names = delegates?.values ?? [arguments.delegate]
    let model = try arguments.loadModel()
    let pool = ThreadPool(count: arguments.threads)
    let candidates = try names.map { name in
      do {
        let interpreter = try arguments.makeInterpreter(
          model, delegate: name, threads: arguments.threads, threadPool: pool)
        try interpreter.allocate()
        return ClassifierEvaluation.Candidate(name: name.rawValue, interpreter: interpreter)
      } catch let error as ModelError { throw CommandError("\(name.rawValue): \(error)") }
    }
    let pixels = PixelConversion(mean: mean, standardDeviation: std)
    let evaluation: ClassifierEvaluation
    if let dataset {
      let inputs = candidates.first?.interpreter.inputs.flatMap { [$0.tensorName, $0.name] } ?? []
      evaluation = try evaluate(
        candidates, LabelledArrays(NumpyArchive(contentsOf: dataset), inputNames: inputs, pixels: pixels))
    } else {
      evaluation = try evaluate(
        candidates, LabelledImages(folder: images ?? "", labels: labels ?? "", pixels: pixels))
    }
    let operators = candidates.map { candidate in
      let operators = candidate.interpreter.placement.operators
      return (operators.count, operators.count { $0.delegate != Placement.builtin })
    }
    let report = EvaluationReport(
      model: arguments.model, threads: arguments.threads, evaluation, operators: operators)
    if json { try printJSON(report) } else { print(report.text) }
  }

  private func evaluate(
    _ candidates: [ClassifierEvaluation.Candidate], _ samples: some LabelledSamples
  ) throws -> ClassifierEvaluation {
    let total = min(samples.count, limit ?? .max)
    var progress = ProgressLine()
    defer { progress.clear() }
    return try ClassifierEvaluation(candidates, samples, limit: total, labelOffset: labelOffset) { done, tallies in
      progress.show(done, of: total) {
        zip(candidates, tallies).map { candidate, tally in
          "\(candidate.name) \((100 * Double(tally.top1) / Double(tally.samples)).text(2)) %"
        }.joined(separator: "  ")
      }
    }
  }
}
