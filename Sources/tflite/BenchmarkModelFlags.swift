internal import Foundation

/// The flags of TFLite's `benchmark_model` that scripts use, and the line that they look for.
enum BenchmarkModelFlags {
  /// The arguments of `tflite benchmark` in place of those of `benchmark_model`; all others are left as they are.
  static func translated(_ arguments: [String]) -> [String] {
    guard arguments.first == "benchmark" else { return arguments }
    let translations = arguments.map(translation)
    guard translations.contains(where: { $0 != nil }) else { return arguments }
    return zip(arguments, translations).flatMap { argument, translation in translation ?? [argument] }
      + ["--timings-line"]
  }

  /// nil for what is no such flag.
  private static func translation(_ argument: String) -> [String]? {
    guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else { return nil }
    let value = String(argument[argument.index(after: equals)...])
    switch argument[..<equals] {
    case "--graph": return [value.hasPrefix("-") ? "./" + value : value]
    // -1 leaves the number to the tool.
    case "--num_threads": return ["--threads", value == "-1" ? "1" : value]
    case "--num_runs": return ["--runs", value]
    case "--warmup_runs": return ["--warmup", value]
    case "--use_xnnpack": return truth(value).map { ["--delegate", $0 ? "xnnpack" : "builtin"] }
    case "--enable_op_profiling": return truth(value).map { $0 ? ["--profile"] : [] }
    default: return nil
    }
  }

  private static func truth(_ value: String) -> Bool? {
    switch value.lowercased() {
    case "true", "1": true
    case "false", "0": false
    default: nil
    }
  }

  /// The line with the timings, in microseconds.
  static func timings(initialisation: Double, first: Double, warmup: Double, inference: Double) -> String {
    /// Six digits, as `benchmark_model` has, but never with an exponent.
    func average(_ value: Double) -> String { value < 100_000 ? String(format: "%.6g", value) : value.text(0) }
    return "INFO: Inference timings in us: Init: \(initialisation.text(0)), First inference: \(first.text(0)), "
      + "Warmup (avg): \(average(warmup)), Inference (avg): \(average(inference))"
  }
}
