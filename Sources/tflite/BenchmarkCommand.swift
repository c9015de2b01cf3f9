internal import ArgumentParser
internal import Comparison
internal import Delegates
internal import FlatBuffers
internal import Foundation
internal import Kernels
internal import TFLiteRuntime
internal import TensorFiles

/// `tflite benchmark`
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Time a model's invocations.",
    discussion: """
      Every invocation is timed by itself. peak_rss_kb counts from the process before the model was loaded. With --delegates, every delegate \
      with every number of threads has its turns of \(InterleavedBenchmark.invocationsPerTurn) timed invocations, after one that is not timed, and \
      medians are compared to those of the first. Scripts written for TFLite's benchmark_model may keep --graph=, --num_threads=, --num_runs=, \
      --warmup_runs=, --use_xnnpack= and --enable_op_profiling=.
      """)

  @OptionGroup var arguments: ModelArguments

  @Option(help: "Timed invocations.")
  var runs: Int = 50

  @Option(help: "Invocations before timing starts; the first one is reported by itself.")
  var warmup: Int = 3

  @Option(help: "An .npz file with the inputs; random ones otherwise.", completion: .file(extensions: ["npz"]))
  var inputs: String?

  @Flag(help: "Also print the time of each operator.")
  var profile = false

  @Flag(help: "Print the result as JSON.")
  var json = false

  @Option(help: "Compare these, with each number of --threads: \(DelegateName.allValueStrings.joined(separator: ",")).")
  var delegates: DelegateNames?

  @Option(help: "With --delegates: also write the table to this file.", completion: .file(extensions: ["csv"]))
  var csv: String?

  @Option(
    help: "Also write a page with charts of latencies, operators, partitions and the arena.",
    completion: .file(extensions: ["html"]))
  var html: String?

  @Option(
    help: "Also write when each operator ran, for Perfetto or Chrome's trace viewer.",
    completion: .file(extensions: ["json"]))
  var trace: String?

  @Flag(name: .customLong("timings-line"), help: .hidden)
  var printsTimingsLine = false

  func validate() throws {
    if let delegates {
      guard arguments.delegate == .builtin else {
        throw ValidationError("--delegate and --delegates exclude each other.")
      }
      guard delegates.values.count * arguments.threadCounts.values.count <= 64 else {
        throw ValidationError("--delegates and --threads give more than 64 configurations.")
      }
    } else {
      try arguments.requireOneThreadCount()
      guard csv == nil else { throw ValidationError("--csv goes with --delegates.") }
    }
    guard (1...10_000_000).contains(runs) else { throw ValidationError("--runs takes 1 to 10000000.") }
    guard (0...10_000_000).contains(warmup) else { throw ValidationError("--warmup takes 0 to 10000000.") }
  }

  func run() throws {
    let input = try InputData(path: inputs)
    if delegates != nil || html != nil {
      let (report, events) = try InterleavedBenchmark(
        arguments: arguments, delegates: delegates?.values ?? [arguments.delegate], runs: runs, warmup: warmup,
        inputs: inputs, profiles: profile, draws: html != nil, traces: trace != nil
      ).report(input)
      if let csv { try AtomicFile.write(report.csv, to: csv) }
      if let html { try AtomicFile.write(try ReportPage.html(report), to: html) }
      if let trace { try events?.write(to: trace) }
      if json { try printJSON(report.withoutPictures) } else { print(report.text) }
      return
    }
    let clock = ContinuousClock()
    let before = ProcessMemory.residentKilobytes
    let start = clock.now
    let model = try arguments.loadModel()
    let interpreter = try arguments.makeInterpreter(model)
    // Making up or reading the inputs' values is no part of loading.
    let made = clock.now
    let values = try input.values(for: interpreter)
    let resumed = clock.now
    try input.fill(interpreter, with: values)
    let ready = clock.now
    try interpreter.invoke()
    let first = clock.now
    let loaded = ready - resumed + (made - start)
    for _ in 0..<max(warmup - 1, 0) { try interpreter.invoke() }
    let warm = clock.now
    var samples: [Double] = []
    samples.reserveCapacity(runs)
    for _ in 0..<runs {
      let begin = clock.now
      try interpreter.invoke()
      samples.append((clock.now - begin).microseconds)
    }
    let peak = ProcessMemory.peakKilobytes - before
    var entries: [StepTime] = []
    if profile || trace != nil {
      // Timed apart, so that the clock's own cost stays out of the samples.
      let profiler = Profiler(eventCapacity: trace == nil ? 0 : OperatorTrace.eventsPerConfiguration)
      interpreter.profiler = profiler
      for _ in 0..<runs { try interpreter.invoke() }
      entries = profiler.entries.map(StepTime.init)
      if let trace {
        var events = OperatorTrace()
        events.add(
          "\(arguments.delegate.rawValue), \(arguments.threads) thread\(arguments.threads == 1 ? "" : "s")",
          interpreter, profiler.events)
        try events.write(to: trace)
      }
    }
    let report = BenchmarkReport(
      model: arguments.model, delegate: arguments.delegate.rawValue, threads: arguments.threads, samplesUs: samples,
      loadUs: loaded.microseconds, firstUs: (first - ready).microseconds, peakRssKb: peak,
      latencyUs: Latency(samples), arenaBytes: interpreter.arena.bytes, profile: profile ? entries : nil,
      deviceEstimate: try arguments.deviceEstimate(model, delegate: arguments.delegate))
    if json { try printJSON(report) } else { print(report.text) }
    if printsTimingsLine, !json {
      print(
        BenchmarkModelFlags.timings(
          initialisation: report.loadUs, first: report.firstUs,
          warmup: (warm - ready).microseconds / Double(max(warmup, 1)), inference: report.latencyUs.mean))
    }
  }
}

extension Model {
  /// Bytes of all constants, those that several subgraphs share counted once for each tensor.
  var constantBytes: Int {
    subgraphs.reduce(0) { $0 + $1.tensors.reduce(0) { $0 + ($1.constant?.bytes.count ?? 0) } }
  }
}

extension ModelArguments {
  /// How long the accelerator's chip may take; nil for other delegates.
  func deviceEstimate(_ model: Model, delegate: DelegateName) throws -> AcceleratorReport.Estimate? {
    guard delegate == .accelerator else { return nil }
    let options = try accelerator.options()
    return AcceleratorReport.Estimate(AcceleratorAssessment(model, options: options).estimate, options)
  }
}

/// Memory of this process, from `/proc/self/status`.
enum ProcessMemory {
  static var residentKilobytes: Int { field("VmRSS") }
  static var peakKilobytes: Int { field("VmHWM") }

  /// What the processor calls itself.
  static var processor: String {
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
    let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":", maxSplits: 1).last
    return name.map { String($0.drop { $0 == " " }) } ?? "unknown processor"
  }

  private static func field(_ name: String) -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") })
    else { return 0 }
    return Int(line.filter(\.isNumber)) ?? 0
  }
}

struct Latency: Encodable {
  let min: Double
  let p50: Double
  let mean: Double
  let p90: Double
  let p99: Double
  let max: Double

  init(_ samples: [Double]) { self.init(InterleavedSamples([samples])) }

  init(_ samples: InterleavedSamples) {
    min = samples.percentile(0)
    p50 = samples.percentile(0.5)
    mean = samples.sorted.reduce(0, +) / Double(samples.sorted.count)
    p90 = samples.percentile(0.9)
    p99 = samples.percentile(0.99)
    max = samples.percentile(1)
  }
}

private struct BenchmarkReport: Encodable {
  let model: String
  let delegate: String
  let threads: Int
  let samplesUs: [Double]
  let loadUs: Double
  let firstUs: Double
  let peakRssKb: Int
  let latencyUs: Latency
  let arenaBytes: Int
  let profile: [StepTime]?
  /// Not measured: from the accelerator's model of the chip. The samples are those of the simulation.
  let deviceEstimate: AcceleratorReport.Estimate?

  var text: String {
    func milliseconds(_ microseconds: Double) -> String { "\((microseconds / 1000).text(3)) ms" }
    var lines = [
      Terminal.bold("\(model)")
        + "  \(delegate), \(threads) thread\(threads == 1 ? "" : "s"), \(samplesUs.count) runs",
      "latency  p50 \(milliseconds(latencyUs.p50))   min \(milliseconds(latencyUs.min))   "
        + "mean \(milliseconds(latencyUs.mean))   p90 \(milliseconds(latencyUs.p90))   "
        + "p99 \(milliseconds(latencyUs.p99))   max \(milliseconds(latencyUs.max))",
      "load \(milliseconds(loadUs))   first invocation \(milliseconds(firstUs))   "
        + "peak memory \(peakRssKb.grouped) kB   arena \(arenaBytes.grouped) bytes",
    ]
    if let deviceEstimate { lines.append("measured: the simulation on this CPU. " + deviceEstimate.text) }
    if let profile { lines.append(ProfileReport(entries: profile).text) }
    return lines.joined(separator: "\n")
  }
}
