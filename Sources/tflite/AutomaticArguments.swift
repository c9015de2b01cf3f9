internal import ArgumentParser
internal import Delegates

/// How `--delegate auto` measures and remembers.
struct AutomaticArguments: ParsableArguments {
  @Option(help: "How long --delegate auto measures a model, in milliseconds.")
  var tuningTime: Int = 1000

  @Option(
    help: "The folder where --delegate auto keeps its choices, or none; by default tflite in the user's cache folder.",
    completion: .directory)
  var tuningCache: String?

  func validate() throws {
    guard (1...1_000_000).contains(tuningTime) else { throw ValidationError("--tuning-time takes 1 to 1000000.") }
  }

  var options: AutomaticOptions {
    var options = AutomaticOptions(tuningTime: .milliseconds(tuningTime))
    if let tuningCache { options.cacheDirectory = tuningCache == "none" ? nil : tuningCache }
    return options
  }

  /// The options that mean these arguments.
  var commandLine: [String] {
    ["--tuning-time=\(tuningTime)"] + (tuningCache.map { ["--tuning-cache=\($0)"] } ?? [])
  }
}
