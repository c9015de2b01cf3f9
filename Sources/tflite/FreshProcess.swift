internal import Delegates
internal import Foundation
internal import TFLiteRuntime

/// What loading a configuration costs, measured by this program in a process of its own: memory of several configurations in one process
/// cannot be told apart.
struct FreshProcess: Decodable {
  let loadUs: Double
  let firstUs: Double
  let peakRssKb: Int

  static func measure(
    _ arguments: ModelArguments, delegate: DelegateName, threads: Int, inputs: String?
  ) throws -> FreshProcess {
    let process = Process()
    // Also right where the file was replaced since this process began.
    process.executableURL = URL(filePath: "/proc/self/exe")
    process.arguments =
      ["benchmark", "--runs=1", "--warmup=1", "--json"] + (inputs.map { ["--inputs=" + $0] } ?? [])
      + arguments.commandLine(delegate: delegate, threads: threads)
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    let failure = "\(delegate.rawValue) with --threads \(threads): a process of its own for load time and memory"
    do { try process.run() } catch { throw CommandError("\(failure) could not be started: \(error)") }
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw CommandError("\(failure) ended with status \(process.terminationStatus)")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(FreshProcess.self, from: bytes)
  }
}

extension ModelArguments {
  /// The options that mean these arguments, for one delegate and number of threads.
  func commandLine(delegate: DelegateName, threads: Int) -> [String] {
    var options = ["--delegate=\(delegate.rawValue)", "--threads=\(threads)"]
    if let signature { options.append("--signature=\(signature)") }
    if delegate != .builtin, requirement != .anywhere { options.append("--require=\(requirement)") }
    options += operators.libraries.map { "--operators=\($0)" }
    options += [
      "--device=\(accelerator.device.name)", "--performance-mode=\(accelerator.performanceMode.rawValue)",
      "--precision=\(accelerator.precision.rawValue)",
      "--partition-strategy=\(accelerator.partitionStrategy.rawValue)",
    ]
    if let folder = accelerator.cacheDir { options.append("--cache-dir=\(folder)") }
    if let token = accelerator.modelToken { options.append("--model-token=\(token)") }
    if let names = accelerator.skipOps { options.append("--skip-ops=\(names)") }
    if let nodes = accelerator.skipNodes { options.append("--skip-nodes=\(nodes)") }
    return options + automatic.commandLine + ["--", model]
  }
}
