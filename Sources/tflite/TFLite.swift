internal import ArgumentParser
internal import TFLiteRuntime

/// The command line of the runtime.
@main
struct TFLite: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tflite",
    abstract: "Run, inspect and measure .tflite models.",
    discussion: """
      Exit status: 0 on success, 1 for a model or data that cannot be used, 64 for wrong arguments. Errors are written to standard error.
      """,
    version: RuntimeVersion.text,
    subcommands: commands)

  private static var commands: [any ParsableCommand.Type] {
    var commands: [any ParsableCommand.Type] = [
      RunCommand.self, InspectCommand.self, BenchmarkCommand.self, CompareCommand.self, EvaluateCommand.self,
      StreamCommand.self,
      OperatorsCommand.self,
    ]
    #if Server
      commands.append(ServeCommand.self)
    #endif
    return commands
  }

  static func main() {
    main(BenchmarkModelFlags.translated(Array(CommandLine.arguments.dropFirst())))
  }
}
