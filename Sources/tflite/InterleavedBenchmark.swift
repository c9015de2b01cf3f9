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

  private struct Engine {
    let delegate: DelegateName
    let threads: Int
    let interpreter: Interpreter
    let loadUs: Double
    let firstUs: Double
    let deviceEstimate: AcceleratorReport.Estimate?
    var rounds: [[Double]] = []

    func invoke() throws {
      do throws(ModelError) { try interpreter.invoke() } catch {
        throw CommandError("\(delegate.rawValue) with --threads \(threads): \(error)")
      }
    }
  }

  func report(_ input: InputData) throws -> InterleavedReport {
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
    return InterleavedReport(
      model: arguments.model, runs: runs, runsPerTurn: Self.invocationsPerTurn, configurations: rows(engines))
  }

  private func engine(_ delegate: DelegateName, _ threads: Int, _ pool: ThreadPool?, _ input: InputData) throws
    -> Engine
  {
    let clock = ContinuousClock()
    let start = clock.now
    let model = try arguments.loadModel()
    let interpreter: Interpreter
    do {
      interpreter = try arguments.makeInterpreter(model, delegate: delegate, threads: threads, threadPool: pool)
      try input.fill(interpreter)
    } catch let error as ModelError {
      throw CommandError("\(delegate.rawValue) with --threads \(threads): \(error)")
    }
    let loaded = clock.now
    try interpreter.invoke()
    let first = clock.now
    return Engine(
      delegate: delegate, threads: threads, interpreter: interpreter, loadUs: (loaded - start).microseconds,
      firstUs: (first - loaded).microseconds, deviceEstimate: try arguments.deviceEstimate(model, delegate: delegate))
  }

  private func rows(_ engines: [Engine]) -> [InterleavedReport.Row] {
    var generator = SeededGenerator(seed: 0)
    let samples = engines.map { InterleavedSamples($0.rounds) }
    return engines.indices.map { index in
      let engine = engines[index]
      let operators = engine.interpreter.placement.operators
      return InterleavedReport.Row(
        delegate: engine.delegate.rawValue, threads: engine.threads, loadUs: engine.loadUs, firstUs: engine.firstUs,
        arenaBytes: engine.interpreter.arena.bytes, operators: operators.count,
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
    let loadUs: Double
    let firstUs: Double
    let arenaBytes: Int
    /// Operators that run, and those of them that run on the delegate.
    let operators: Int
    let delegatedOperators: Int
    let latencyUs: Latency
    let samplesUs: [Double]
    /// To the first configuration; nil for that one.
    let ratio: Ratio?
    /// Not measured: from the accelerator's model of the chip.
    let deviceEstimate: AcceleratorReport.Estimate?
  }

  let model: String
  let runs: Int
  let runsPerTurn: Int
  let configurations: [Row]

  var text: String {
    var table = TextTable(
      [
        "delegate", "threads", "p50 ms", "p90 ms", "p99 ms", "load ms", "first ms", "arena bytes", "delegated", "ratio",
        "95 %",
      ],
      [.left, .right, .right, .right, .right, .right, .right, .right, .right, .right, .left])
    for row in configurations {
      func milliseconds(_ microseconds: Double) -> String { (microseconds / 1000).text(3) }
      table.add([
        row.delegate, "\(row.threads)", milliseconds(row.latencyUs.p50), milliseconds(row.latencyUs.p90),
        milliseconds(row.latencyUs.p99), milliseconds(row.loadUs), milliseconds(row.firstUs), row.arenaBytes.grouped,
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
    return lines.joined(separator: "\n")
  }

  /// The table with one row for each configuration, times in microseconds; fields that there are not are empty.
  var csv: String {
    let header =
      "delegate,threads,p50_us,p90_us,p99_us,min_us,mean_us,max_us,load_us,first_us,arena_bytes,operators,delegated_operators,"
      + "ratio,ratio_lower,ratio_upper"
    let rows = configurations.map { row -> String in
      let numbers = [
        row.latencyUs.p50, row.latencyUs.p90, row.latencyUs.p99, row.latencyUs.min, row.latencyUs.mean,
        row.latencyUs.max, row.loadUs, row.firstUs,
      ].map { "\($0)" }
      let counts = [row.arenaBytes, row.operators, row.delegatedOperators].map(String.init)
      let ratio = row.ratio.map { ["\($0.median)", "\($0.lower)", "\($0.upper)"] } ?? ["", "", ""]
      return ([row.delegate, "\(row.threads)"] + numbers + counts + ratio).joined(separator: ",")
    }
    return ([header] + rows).joined(separator: "\n") + "\n"
  }
}
