import Delegates
import Foundation
import TFLiteRuntime
import TensorConversion
import TensorFiles
import TensorTypes
import Testing

/// The real networks of the corpus, all signatures, on the built-in kernels and on XNNPACK.
///
/// Two answers are recorded for most: LiteRT's own with its XNNPACK, and its reference kernels'. An output has to be one of them. Integers
/// of the built-in kernels are the reference's, bit for bit. `NETWORKS_ONLY` names the networks to run; `NETWORKS_REPORT` prints every
/// distance.
@Suite(.serialized, .enabled(if: Corpus.isThere, Corpus.missing)) struct NetworkTests {
  static let networks: [String] = {
    guard Corpus.isThere, let index = try? String(contentsOfFile: Corpus.path("models", "INDEX.md"), encoding: .utf8)
    else {
      return []
    }
    let only = ProcessInfo.processInfo.environment["NETWORKS_ONLY"]?.split(separator: ",").map(String.init)
    return index.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count > 2, Int(cells[0]) != nil else { return nil }
      if let only, !only.contains(cells[1]) { return nil }
      return cells[1]
    }
  }()

  @Test(arguments: networks) func builtinKernels(name: String) throws { try check(name, delegates: []) }

  @Test(arguments: networks) func xnnpack(name: String) throws { try check(name, delegates: [.xnnpack()]) }

  func check(_ name: String, delegates: [any Delegate]) throws {
    let network = try Network(name)
    let model = try Model(contentsOf: network.path("model.tflite"))
    for run in try network.runs() {
      let interpreter = try Interpreter(
        model, signature: run.signature, options: .init(threads: Corpus.threads), delegates: delegates)
      let inputs = try interpreter.inputs.enumerated().map { index, input in
        try #require(
          Tensor(run.inputs.array(named: run.signature == nil ? "\(index)" : input.name), as: input.type.element))
      }
      for (index, tensor) in inputs.enumerated() {
        try interpreter.resizeInput(index, to: tensor.type.shape.dimensions)
      }
      for (index, tensor) in inputs.enumerated() { try interpreter.setInput(index, tensor) }
      try interpreter.invoke()
      for (index, output) in interpreter.outputs.enumerated() {
        let actual = try NumpyArray(interpreter.output(index))
        let key = run.signature == nil ? "\(index)" : output.name
        let recorded = try run.recorded.map { try $0.array(named: key) }
        let place = "\(name)\(run.suffix), output \(key)"
        let problem =
          actual.isReal
          ? realProblem(actual, recorded, network, place)
          : integerProblem(actual, recorded, network, isBuiltin: delegates.isEmpty)
        if let problem { Issue.record("\(place): \(problem)") }
      }
    }
  }

  /// Nil where the floats are near enough to one of the recorded answers, otherwise what is wrong with them.
  func realProblem(_ actual: NumpyArray, _ recorded: [NumpyArray], _ network: Network, _ place: String) -> String? {
    let trusted = network.isReferenceWrong ? Array(recorded.prefix(1)) : recorded
    let largest = (trusted[0].reals ?? []).filter(\.isFinite).map(abs).max() ?? 0
    // Where the kernel sets of LiteRT disagree with each other, rounding is amplified (a step of a dynamically quantised activation
    // that falls the other way), and ours may be some times as far.
    let allowed = max(2e-6 * largest, network.isReferenceWrong ? 0 : 4 * network.recordedDifference)
    let problems = trusted.compactMap { difference(actual, $0, .absolute(allowed)) }
    if Self.reports {
      let distances = recorded.map { answer in
        zip(actual.reals ?? [], answer.reals ?? []).map { abs($0 - $1) }.filter { !$0.isNaN }.max() ?? 0
      }
      Corpus.report("\(place): distances \(distances), largest element \(largest), allowed \(allowed)")
    }
    return problems.count < trusted.count ? nil : problems.joined(separator: "; ")
  }

  func integerProblem(
    _ actual: NumpyArray, _ recorded: [NumpyArray], _ network: Network, isBuiltin: Bool
  ) -> String? {
    if isBuiltin, recorded.count > 1 { return difference(actual, recorded[1], .exact) }
    if case .int64 = actual.type {
      // Class indices: a score that is one step off changes the class of a pixel on a border, by any amount.
      let agreement = zip(actual.reals ?? [], recorded[0].reals ?? []).filter { $0 == $1 }.count
      return agreement * 100 >= actual.count * 99 ? nil : "\(agreement) of \(actual.count) classes agree"
    }
    return difference(actual, recorded[0], .steps(max(3, 2 * network.recordedDifference)))
  }

  static let reports = ProcessInfo.processInfo.environment["NETWORKS_REPORT"] != nil
}

/// A network's folder in the corpus.
struct Network {
  let name: String
  let folder: String
  let meta: [String: Any]

  init(_ name: String) throws {
    self.name = name
    folder = Corpus.path("models", name)
    meta = try Corpus.json(folder + "/meta.json") as? [String: Any] ?? [:]
  }

  func path(_ file: String) -> String { folder + "/" + file }

  /// The difference between LiteRT's XNNPACK and its other kernels that was recorded with the model.
  var recordedDifference: Double {
    (meta["max_abs_diff_xnnpack_ref"] as? Double) ?? (meta["max_abs_diff_xnnpack_builtin"] as? Double) ?? 0
  }

  /// LiteRT's reference kernels misread blockwise weights; and for one KV head the decomposition in attention's composite, which they
  /// run, is not what the composite means.
  var isReferenceWrong: Bool { name.hasPrefix("gen_gemma3") || name.contains("b32") || name.contains("block32") }

  /// One recorded call.
  struct Run {
    /// What is between `inputs` and `.npz` in the name of its files.
    let suffix: String
    /// Where there is one, inputs and outputs go by the signature's names, otherwise by their positions.
    let signature: String?
    let inputs: NumpyArchive
    /// LiteRT's answer, and its reference kernels' where that is recorded too.
    let recorded: [NumpyArchive]
  }

  func runs() throws -> [Run] {
    let cases = try signatures()
    return try Corpus.names(in: folder).compactMap { file -> Run? in
      guard file.hasPrefix("inputs"), file.hasSuffix(".npz") else { return nil }
      let suffix = String(file.dropFirst("inputs".count).dropLast(".npz".count))
      let recorded = [path("outputs\(suffix).npz"), path("outputs_ref\(suffix).npz")]
        .filter { FileManager.default.fileExists(atPath: $0) }
      return try Run(
        suffix: suffix, signature: cases[suffix], inputs: NumpyArchive(contentsOf: path(file)),
        recorded: recorded.map { try NumpyArchive(contentsOf: $0) })
    }
  }

  /// From suffix to signature; empty where the model is called by its main subgraph.
  private func signatures() throws -> [String: String] {
    let path = path("cases.json")
    guard FileManager.default.fileExists(atPath: path) else { return [:] }
    let cases = try Corpus.json(path) as? [String: [String: Any]] ?? [:]
    return cases.compactMapValues { $0["signature"] as? String }
  }
}
