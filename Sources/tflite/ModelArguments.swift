internal import ArgumentParser
internal import Delegates
internal import Kernels
internal import TFLiteRuntime

/// What every command asks about the model and how to run it.
struct ModelArguments: ParsableArguments {
  @Argument(help: "The .tflite file.", completion: .file(extensions: ["tflite"]))
  var model: String

  @Option(help: "The signature to run; the first subgraph by default.")
  var signature: String?

  @Option(help: "Who runs the operators: \(DelegateName.allValueStrings.joined(separator: ", ")).")
  var delegate: DelegateName = .builtin

  @Option(help: "Threads for kernels and delegates.")
  var threads: Int = 1

  func validate() throws {
    guard (1...1024).contains(threads) else { throw ValidationError("--threads takes 1 to 1024, not \(threads).") }
  }

  func loadModel() throws -> Model { try Model(contentsOf: model) }

  func makeInterpreter(_ model: Model) throws -> Interpreter { try makeInterpreter(model, signature: signature) }

  func makeInterpreter(_ model: Model, signature: String?) throws -> Interpreter {
    try Interpreter(model, signature: signature, options: .init(threads: threads), delegates: delegate.delegates)
  }
}

/// The back ends by the names that the command line uses.
enum DelegateName: String, ExpressibleByArgument, CaseIterable {
  case builtin
  case xnnpack

  var delegates: [any Delegate] {
    switch self {
    case .builtin: []
    case .xnnpack: [.xnnpack()]
    }
  }
}
