internal import Comparison
internal import Kernels
internal import TFLiteRuntime

/// `tflite benchmark --delegates`: several ways to run a model, timed in turns, so that what else the machine does befalls all of them.
struct InterleavedBenchmark {
  static let invocationsPerTurn = 4

  let arguments: ModelArguments
  let delegates: [DelegateName]
  /// Timed invocations of each configuration.
  let runs: Int
  let warmup: Int
  /// The file of the inputs.
  let inputs: String?
  /// Whether to time steps too, in invocations of their own.
  let profiles: Bool
  /// Whether to gather what the page draws.
  let draws: Bool
  /// Whether to gather the events of a trace.
  let traces: Bool

  private struct Engine {
    let delegate: DelegateName
    let threads: Int
    let interpreter: Interpreter
    let weightsBytes: Int
    var fresh: FreshProcess?
    let deviceEstimate: AcceleratorReport.Estimate?
    var rounds: [[Double]] = []

    func invoke() throws {
      do throws(ModelError) { try interpreter.invoke() } catch {
        throw CommandError("\(delegate.rawValue) with --threads \(threads): \(error)")
      }
    }
  }

  func report(_ input: InputData) throws -> (report: InterleavedReport, trace: OperatorTrace?) {
    var progress = ProgressLine()
    defer { progress.clear() }
    // Nobody's load time is that of a file which is not in memory yet.
    _ = try arguments.loadModel()
    // Threads wait busily for a while after their work: those of a pool for each engine would stand in the way of the next one's.
    var pools: [Int: ThreadPool] = [:]
    for threads in arguments.threadCounts.values { pools[threads] = ThreadPool(count: threads) }
    var engines: [Engine] = []
    for delegate in delegates {
      for threads in arguments.threadCounts.values {
        engines.append(try engine(delegate, threads, pools[threads], input))
      }
    }
    for index in engines.indices {
      progress.show(index, of: engines.count) { "loading \(engines[index].delegate.rawValue)" }
      engines[index].fresh = try FreshProcess.measure(
        arguments, delegate: engines[index].delegate, threads: engines[index].threads, inputs: inputs)
    }
    for engine in engines {
      for _ in 0..<max(warmup - 1, 0) { try engine.invoke() }
    }
    let clock = ContinuousClock()
    var remaining = runs
    var isForward = true
    while remaining > 0 {
      let count = min(Self.invocationsPerTurn, remaining)
      for turn in engines.indices {
        let index = isForward ? turn : engines.count - 1 - turn
        progress.show(runs - remaining, of: runs) { "invocations of each configuration" }
        // Brings the weights back into the caches, and threads out of their sleep.
        try engines[index].invoke()
        var samples: [Double] = []
        for _ in 0..<count {
          let begin = clock.now
          try engines[index].invoke()
          samples.append((clock.now - begin).microseconds)
        }
        engines[index].rounds.append(samples)
      }
      isForward.toggle()
      remaining -= count
    }
    var rows = rows(engines)
    var trace = traces ? OperatorTrace() : nil
    if profiles || draws || traces {
      for (index, engine) in engines.enumerated() {
        progress.show(index, of: engines.count) { "timing operators on \(engine.delegate.rawValue)" }
        // Timed apart, so that the clock's own cost stays out of the samples.
        let profiler = Profiler(eventCapacity: traces ? OperatorTrace.eventsPerConfiguration : 0)
        engine.interpreter.profiler = profiler
        for _ in 0..<runs { try engine.invoke() }
        if profiles { rows[index].profile = profiler.entries.map(StepTime.init) }
        if draws { rows[index].picture = ConfigurationPicture(engine.interpreter, profiler) }
        trace?.add(rows[index].label, engine.interpreter, profiler.events)
      }
    }
    return (
      InterleavedReport(
        model: arguments.model, processor: ProcessMemory.processor, runs: runs, runsPerTurn: Self.invocationsPerTurn,
        configurations: rows), trace
    )
  }

  private func engine(_ delegate: DelegateName, _ threads: Int, _ pool: ThreadPool?, _ input: InputData) throws
    -> Engine
  {
    let model = try arguments.loadModel()
    let interpreter: Interpreter
    do {
      interpreter = try arguments.makeInterpreter(model, delegate: delegate, threads: threads, threadPool: pool)
      try input.fill(interpreter)
    } catch let error as ModelError {
      throw CommandError("\(delegate.rawValue) with --threads \(threads): \(error)")
    }
    let engine = Engine(
      delegate: delegate, threads: threads, interpreter: interpreter, weightsBytes: model.constantBytes,
      deviceEstimate: try arguments.deviceEstimate(model, delegate: delegate))
    try engine.invoke()
    return engine
  }

  private func rows(_ engines: [Engine]) -> [InterleavedReport.Row] {
    var generator = SeededGenerator(seed: 0)
    let samples = engines.map { InterleavedSamples($0.rounds) }
    return engines.indices.map { index in
      let engine = engines[index]
      let operators = engine.interpreter.placement.operators
      return InterleavedReport.Row(
        delegate: engine.delegate.rawValue, threads: engine.threads, loadUs: engine.fresh?.loadUs ?? 0,
        firstUs: engine.fresh?.firstUs ?? 0, peakRssKb: engine.fresh?.peakRssKb ?? 0,
        arenaBytes: engine.interpreter.arena.bytes, weightsBytes: engine.weightsBytes, operators: operators.count,
        delegatedOperators: operators.count { $0.delegate != Placement.builtin }, latencyUs: Latency(samples[index]),
        samplesUs: engine.rounds.flatMap(\.self),
        ratio: index == 0
          ? nil
          : MedianRatio(samples[index], baseline: samples[0], using: &generator).flatMap(InterleavedReport.Ratio.init),
        deviceEstimate: engine.deviceEstimate)
    }
  }
}

/// What `benchmark --delegates` says.
struct InterleavedReport: Encodable {
  /// Of medians, with the interval that it lies in with a probability of 95 %.
  struct Ratio: Encodable {
    let median: Double
    let lower: Double
    let upper: Double

    /// nil where the clock saw no time pass.
    init?(_ ratio: MedianRatio) {
      guard ratio.ratio.isFinite, ratio.lower.isFinite, ratio.upper.isFinite else { return nil }
      median = ratio.ratio
      lower = ratio.lower
      upper = ratio.upper
    }
  }

  struct Row: Encodable {
    let delegate: String
    let threads: Int
    /// In a process of its own, with the file in memory.
    let loadUs: Double
    let firstUs: Double
    /// Of that process, above what it had before it loaded the model.
    let peakRssKb: Int
    let arenaBytes: Int
    /// Bytes of the model's constants.
    let weightsBytes: Int
    /// Operators that run, and those of them that run on the delegate.
    let operators: Int
    let delegatedOperators: Int
    let latencyUs: Latency
    let samplesUs: [Double]
    /// To the first configuration; nil for that one.
    let ratio: Ratio?
    /// Not measured: from the accelerator's model of the chip.
    let deviceEstimate: AcceleratorReport.Estimate?
    /// nil unless steps were timed.
    var profile: [StepTime]?
    /// For the page only.
    var picture: ConfigurationPicture?

    var label: String { "\(delegate), \(threads) thread\(threads == 1 ? "" : "s")" }
  }

  let model: String
  let processor: String
  let runs: Int
  let runsPerTurn: Int
  var configurations: [Row]

  /// What `--json` prints.
  var withoutPictures: InterleavedReport {
    var report = self
    for index in report.configurations.indices { report.configurations[index].picture = nil }
    return report
  }

  var text: String {
    var table = TextTable(
      [
        "delegate", "threads", "p50 ms", "p90 ms", "p99 ms", "load ms", "first ms", "arena bytes", "weights bytes",
        "peak kB",
        "delegated", "ratio", "95 %",
      ],
      [
        .left, .right, .right, .right, .right, .right, .right, .right, .right, .right, .right, .right, .left,
      ])
    for row in configurations {
      func milliseconds(_ microseconds: Double) -> String { (microseconds / 1000).text(3) }
      table.add([
        row.delegate, "\(row.threads)", milliseconds(row.latencyUs.p50), milliseconds(row.latencyUs.p90),
        milliseconds(row.latencyUs.p99), milliseconds(row.loadUs), milliseconds(row.firstUs), row.arenaBytes.grouped,
        row.weightsBytes.grouped, row.peakRssKb.grouped,
        "\(row.delegatedOperators) of \(row.operators)", (row.ratio?.median ?? 1).text(3),
        row.ratio.map { "\($0.lower.text(3)) to \($0.upper.text(3))" } ?? "",
      ])
    }
    var lines = [
      Terminal.bold(model) + "  \(runs) runs each, in turns of \(runsPerTurn); ratio of medians to the first",
      table.text(),
    ]
    if let estimate = configurations.lazy.compactMap(\.deviceEstimate).first {
      lines.append("accelerator: the simulation on this CPU was measured. " + estimate.text)
    }
    for row in configurations {
      guard let profile = row.profile else { continue }
      lines.append("\n" + Terminal.bold(row.label) + ProfileReport(entries: profile).text)
    }
    return lines.joined(separator: "\n")
  }

  /// The table with one row for each configuration, times in microseconds; fields that there are not are empty.
  var csv: String {
    let header =
      "delegate,threads,p50_us,p90_us,p99_us,min_us,mean_us,max_us,load_us,first_us,arena_bytes,weights_bytes,peak_rss_kb,operators,delegated_operators,"
      + "ratio,ratio_lower,ratio_upper"
    let rows = configurations.map { row -> String in
      let numbers = [
        row.latencyUs.p50, row.latencyUs.p90, row.latencyUs.p99, row.latencyUs.min, row.latencyUs.mean,
        row.latencyUs.max, row.loadUs, row.firstUs,
      ].map { "\($0)" }
      let counts = [row.arenaBytes, row.weightsBytes, row.peakRssKb, row.operators, row.delegatedOperators].map(
        String.init)
      let ratio = row.ratio.map { ["\($0.median)", "\($0.lower)", "\($0.upper)"] } ?? ["", "", ""]
      return ([row.delegate, "\(row.threads)"] + numbers + counts + ratio).joined(separator: ",")
    }
    return ([header] + rows).joined(separator: "\n") + "\n"
  }
}
