internal import ArgumentParser
internal import Delegates
internal import Kernels
internal import OperatorLibraries
internal import TFLiteRuntime

/// What every command asks about the model and how to run it.
struct ModelArguments: ParsableArguments {
  @Argument(help: "The .tflite file.", completion: .file(extensions: ["tflite"]))
  var model: String

  @Option(help: "The signature to run; the first subgraph by default.")
  var signature: String?

  @Option(help: "Who runs the operators: \(DelegateName.allValueStrings.joined(separator: ", ")).")
  var delegate: DelegateName = .builtin

  @Option(
    name: .customLong("require"),
    help: "What must run on the delegate, or the model is an error: full, none, 80%, op:CONV_2D,ADD.")
  var requirement: PlacementRequirement = .anywhere

  @Option(name: .customLong("threads"), help: "Threads for kernels and delegates.")
  var threadCounts = ThreadCounts(values: [1])

  @Option(
    name: .customLong("disable-pass"),
    help:
      "A graph pass to leave out, or all: \(PassName.allValueStrings.joined(separator: ", ")). May be given several times."
  )
  var disabledPasses: [PassName] = []

  @Option(
    help:
      "A folder to keep packed weights in: later processes map them in place of packing them again (built-in kernels).",
    completion: .directory)
  var weightCache: String?

  @OptionGroup var operators: OperatorArguments
  @OptionGroup(title: "Accelerator") var accelerator: AcceleratorArguments
  @OptionGroup(title: "Automatic choice") var automatic: AutomaticArguments

  func validate() throws {
    for threads in threadCounts.values where !(1...1024).contains(threads) {
      throw ValidationError("--threads takes 1 to 1024, not \(threads).")
    }
  }

  /// The graph passes that are wanted.
  var compiler: GraphCompiler { GraphCompiler(disabled: Set(disabledPasses.flatMap(\.passes))) }

  /// The number of threads of commands that take one.
  var threads: Int { threadCounts.values.first ?? 1 }

  /// For commands that take one number of threads.
  func requireOneThreadCount() throws {
    guard threadCounts.values.count == 1 else {
      throw ValidationError("--threads takes one number here; several are for benchmark --delegates.")
    }
  }

  func loadModel() throws -> Model {
    let loaded = try Model(contentsOf: model, operators: try operators.table())
    try accelerator.check(loaded)
    return loaded
  }

  func makeInterpreter(_ model: Model) throws -> Interpreter { try makeInterpreter(model, signature: signature) }

  func makeInterpreter(
    _ model: Model, signature: String?, requirement: PlacementRequirement? = nil
  ) throws -> Interpreter {
    try Interpreter(
      model, signature: signature,
      options: .init(
        threads: threads, compiler: compiler, requirement: requirement ?? self.requirement,
        weightCache: weightCache.map { WeightCache(directory: $0) }),
      delegates: try delegates(delegate))
  }

  private func delegates(_ delegate: DelegateName) throws -> [any Delegate] {
    switch delegate {
    case .builtin: []
    case .xnnpack: [.xnnpack()]
    case .accelerator: [AcceleratorDelegate(try accelerator.options(), log: accelerator.log)]
    case .auto: [.automatic(automatic.options)]
    }
  }

  /// An interpreter for another delegate and number of threads than those of the command line. What is required of the placement counts for
  /// delegates, not for the built-in kernels.
  func makeInterpreter(
    _ model: Model, delegate: DelegateName, threads: Int, threadPool: ThreadPool? = nil,
    preservesIntermediates: Bool = false
  ) throws -> Interpreter {
    try makeInterpreter(
      model, signature: signature, delegate: delegate, threads: threads, threadPool: threadPool,
      preservesIntermediates: preservesIntermediates, requirement: delegate == .builtin ? .anywhere : requirement)
  }

  func makeInterpreter(
    _ model: Model, signature: String?, delegate: DelegateName, threads: Int, threadPool: ThreadPool? = nil,
    preservesIntermediates: Bool = false, requirement: PlacementRequirement
  ) throws -> Interpreter {
    try Interpreter(
      model, signature: signature,
      options: .init(
        threads: threads, threadPool: threadPool, preservesIntermediates: preservesIntermediates,
        compiler: compiler, requirement: requirement, weightCache: weightCache.map { WeightCache(directory: $0) }),
      delegates: try delegates(delegate))
  }
}

/// A graph pass by its name, or all of them.
struct PassName: ExpressibleByArgument {
  let passes: [GraphPass]

  init?(argument: String) {
    if argument == "all" {
      passes = GraphPass.allCases
    } else if let pass = GraphPass(rawValue: argument) {
      passes = [pass]
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] { GraphPass.allCases.map(\.rawValue) + ["all"] }
}

/// One or several numbers of threads, separated by commas.
struct ThreadCounts: ExpressibleByArgument {
  let values: [Int]

  init(values: [Int]) { self.values = values }

  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let values = numbers.compactMap(\.self)
    guard values.count == numbers.count, !values.isEmpty else { return nil }
    self.values = values
  }

  var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
}

/// Which operators models may use.
struct OperatorArguments: ParsableArguments {
  @Option(
    name: .customLong("operators"),
    help:
      "A shared library with custom operators (docs/custom-operators.md); its code is run. May be given several times.",
    completion: .file(extensions: ["so"]))
  var libraries: [String] = []

  /// The builtin operators and those of the libraries, later ones in place of earlier ones.
  func table() throws -> OperatorTable {
    var table = OperatorTable.builtin
    for path in libraries { table.add(try OperatorLibrary(path: path)) }
    return table
  }
}

/// The back ends by the names that the command line uses.
enum DelegateName: String, ExpressibleByArgument, CaseIterable {
  case builtin
  case xnnpack
  case accelerator
  /// The built-in kernels or XNNPACK, as measured.
  case auto
}

/// Several back ends, separated by commas.
struct DelegateNames: ExpressibleByArgument {
  let values: [DelegateName]

  init?(argument: String) {
    let names = argument.split(separator: ",", omittingEmptySubsequences: false).map {
      DelegateName(rawValue: String($0))
    }
    let values = names.compactMap(\.self)
    guard values.count == names.count, !values.isEmpty else { return nil }
    self.values = values
  }
}
