internal import ArgumentParser
internal import Comparison
internal import TFLiteRuntime
internal import TensorConversion
internal import TensorFiles
internal import TensorTypes

/// `tflite compare`
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare the numbers of two delegates, or of a delegate and a reference.",
    discussion: """
      Runs the model once on each delegate, on the same inputs, and compares all outputs and what every operator wrote; where an output departs, \
      looks for the fewest operators that depart when they are run by themselves. Exit status 1 when an \
      output departs: when its largest error, relative to the largest magnitude of the reference, is above --tolerance. Quantised tensors are \
      compared as the real numbers that they stand for. Without --delegates, builtin is compared with --delegate. With --reference, --delegate is \
      compared with arrays found under the tensor's name, the signature's name, the output's index (0, 1, …) or out0, out1, ….
      """)

  @OptionGroup var arguments: ModelArguments

  @Option(help: "Two delegates, the reference first; one with --reference.")
  var delegates: DelegateNames?

  @OptionGroup var input: InputArguments

  @Option(help: "An .npz file with the outputs to compare with.", completion: .file(extensions: ["npz"]))
  var reference: String?

  @Option(help: "The largest error that is no departure, relative to the tensor's largest magnitude.")
  var tolerance: Double = 0.01

  @Option(
    help: "Write a model of the fewest operators that depart to this file, and its inputs to an .npz file beside it.",
    completion: .file(extensions: ["tflite"]))
  var saveRepro: String?

  @Option(help: "How many of the worst operators to print.")
  var worst: Int = 5

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    try arguments.requireOneThreadCount()
    guard tolerance >= 0, tolerance.isFinite else { throw ValidationError("--tolerance takes a number from 0.") }
    guard (0...1_000_000).contains(worst) else { throw ValidationError("--worst takes 0 to 1000000.") }
    if let delegates {
      guard arguments.delegate == .builtin else {
        throw ValidationError("--delegate and --delegates exclude each other.")
      }
      guard delegates.values.count == (reference == nil ? 2 : 1) else {
        throw ValidationError("--delegates takes two names, or one with --reference.")
      }
    }
    guard saveRepro == nil || reference == nil else {
      throw ValidationError("--save-repro needs two delegates; with --reference only outputs are known.")
    }
    guard reference == nil || input.inputs != nil else { throw ValidationError("--reference needs --inputs.") }
  }

  func run() throws {
    let model = try arguments.loadModel()
    let input = try self.input.data()
    let report = try reference.map { try compare(model, input, path: $0) } ?? compare(model, input)
    if json { try printJSON(report) } else { print(report.text) }
    if let departure = report.outputs.first(where: \.departs) {
      throw CommandError(
        "output \(departure.index) '\(ComparisonReport.shortened(departure.name))' departs: \(departure.summary)")
    }
  }

  private func interpreter(
    _ model: Model, _ delegate: DelegateName, _ input: InputData, preservesIntermediates: Bool
  ) throws -> Interpreter {
    do {
      let interpreter = try arguments.makeInterpreter(
        model, delegate: delegate, threads: arguments.threads, preservesIntermediates: preservesIntermediates)
      try input.fill(interpreter)
      try interpreter.invoke()
      return interpreter
    } catch let error as ModelError { throw CommandError("\(delegate.rawValue): \(error)") }
  }

  /// Two delegates, with the operators.
  private func compare(_ model: Model, _ input: InputData) throws -> ComparisonReport {
    let names = delegates?.values ?? [.builtin, arguments.delegate]
    let reference = try interpreter(model, names[0], input, preservesIntermediates: true)
    let candidate = try interpreter(model, names[1], input, preservesIntermediates: true)
    let rows = try candidate.outputs.enumerated().map { index, output in
      ComparisonReport.OutputRow(
        index: index, name: output.name, try candidate.output(index), reference: try reference.output(index),
        tolerance: tolerance)
    }
    let operators = OperatorComparison(candidate, reference: reference, tolerance: tolerance, worst: worst)
    let isWanted = rows.contains(where: \.departs) || saveRepro != nil && operators.firstDeparture != nil
    return ComparisonReport(
      model: arguments.model, reference: names[0].rawValue, candidate: names[1].rawValue, threads: arguments.threads,
      tolerance: tolerance, outputs: rows, operators: operators,
      bisection: isWanted ? try bisect(candidate, names[1], reference: reference, names[0]) : nil,
      reproduce: " --delegates \(names[0].rawValue),\(names[1].rawValue) --tolerance \(tolerance)")
  }

  /// Looks for the fewest operators that depart, and writes them.
  private func bisect(
    _ candidate: Interpreter, _ candidateName: DelegateName, reference: Interpreter, _ referenceName: DelegateName
  ) throws -> BisectionReport? {
    func maker(_ name: DelegateName) -> (Model) throws -> Interpreter {
      { model in
        try arguments.makeInterpreter(
          model, signature: nil, delegate: name, threads: arguments.threads, requirement: .anywhere)
      }
    }
    var bisection = DepartureBisection(
      candidate, reference: reference, tolerance: tolerance, makeCandidate: maker(candidateName),
      makeReference: maker(referenceName))
    guard let finding = try bisection.smallest() else {
      guard let saveRepro else { return nil }
      throw CommandError("no operators depart without the rest of the model; '\(saveRepro)' was not written")
    }
    var inputs: String?
    if let saveRepro {
      let stem = saveRepro.hasSuffix(".tflite") ? String(saveRepro.dropLast(7)) : saveRepro
      let path = stem + ".npz"
      try NumpyArchive.write(try finding.inputs.enumerated().map { ("\($0)", try NumpyArray($1)) }, to: path)
      try AtomicFile.write(finding.model, to: saveRepro)
      inputs = path
    }
    return BisectionReport(
      finding, of: reference.model, attempts: bisection.attempts, tolerance: tolerance, repro: saveRepro,
      reproInputs: inputs)
  }

  /// A delegate and the arrays of a file.
  private func compare(_ model: Model, _ input: InputData, path: String) throws -> ComparisonReport {
    let archive = try NumpyArchive(contentsOf: path)
    let delegate = delegates?.values.first ?? arguments.delegate
    let candidate = try interpreter(model, delegate, input, preservesIntermediates: false)
    let rows = try candidate.outputs.enumerated().map { index, output in
      let tensor = try candidate.output(index)
      return ComparisonReport.OutputRow(
        index: index, name: output.name, tensor, reference: try expected(index, output, archive), tolerance: tolerance)
    }
    return ComparisonReport(
      model: arguments.model, reference: path, candidate: delegate.rawValue, threads: arguments.threads,
      tolerance: tolerance, outputs: rows, operators: nil, bisection: nil, reproduce: "")
  }

  /// The array of an output: of the output's own type, then quantised as the output is, or of real numbers.
  private func expected(
    _ index: Int, _ output: Interpreter.TensorDescription, _ archive: NumpyArchive
  ) throws -> Tensor {
    let names = [output.tensorName, output.name, "\(index)", "out\(index)"]
    guard let name = names.first(where: { archive.index(of: $0) != nil }) else {
      throw CommandError(
        "the reference has no array for output \(index): wanted one of "
          + names.filter { !$0.isEmpty }.map { "'\($0)'" }.joined(separator: ", ") + ", found "
          + archive.names.map { "'\($0)'" }.joined(separator: ", "))
    }
    let array = try archive.array(named: name)
    if let tensor = Tensor(array, as: output.type.element) {
      let type = TensorType(
        element: tensor.type.element, shape: tensor.type.shape, quantization: output.type.quantization)
      return Tensor(type: type, bytes: tensor.bytes) ?? tensor
    }
    for element in [ElementType.float32, .float64, .float16] {
      if let tensor = Tensor(array, as: element) { return tensor }
    }
    throw CommandError(
      "array '\(name)' has type \(array.type.descriptor); output \(index) '\(output.name)' is \(output.type.element)")
  }
}
