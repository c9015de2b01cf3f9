import Delegates
import Foundation
import TFLiteRuntime
import TensorConversion
import TensorFiles
import TensorTypes
import Testing

/// How far the accelerator's results are from the CPU's, with what was recorded of the real one's emulation as the yardstick.
@Suite(.serialized, .enabled(if: Corpus.isThere, Corpus.missing)) struct AcceleratorNumericsTests {
  struct Line: Decodable {
    struct Output: Decodable {
      let max: Double
      let mean: Double
      let absmax: Double
      let cos: Double
      let dtype: String
    }
    let model: String
    let soc: String
    let outputs: [Output]
  }

  /// Recorded deviations that nobody can explain: masks beyond float16, or faults of the emulation.
  static let outliers: Set<String> = [
    "models/hf_llama_tiny", "models/hf_wav2vec2_tiny", "models/pt2e_efficientnet_lite0_static",
    "models/aeq_seq_lstm_static_wi8_ai8", "models/aeq_seq_gpt_mini_static_wi8_ai16",
  ]

  static let lines: [Line] = {
    guard Corpus.isThere, let text = try? String(contentsOfFile: Corpus.path("qnn", "numerics.jsonl"), encoding: .utf8)
    else { return [] }
    let only = ProcessInfo.processInfo.environment["NETWORKS_ONLY"]?.split(separator: ",").map(String.init)
    return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
      .filter { line in only.map { $0.contains { line.model.hasSuffix("/" + $0) } } ?? true }
  }()

  @Test(arguments: lines.map(\.model)) func deviatesAsRecorded(name: String) throws {
    let line = try #require(Self.lines.first { $0.model == name })
    let device = try #require(DeviceProfile.named(line.soc))
    let folder = Corpus.path(name)
    let model = try Model(contentsOf: folder + "/model.tflite")
    guard model.byteCount < Self.largestModel else { return }
    let run = try #require(try Network(String(name.dropFirst("models/".count))).runs().first)
    let reference = try outputs(model, run, [])
    let actual = try outputs(model, run, [.accelerator(AcceleratorOptions(device: device))])
    for (index, output) in line.outputs.enumerated() where index < actual.count {
      guard let a = actual[index].reals, let e = reference[index].reals, !a.isEmpty else { continue }
      let largest = zip(a, e).map { abs($0 - $1) }.max() ?? 0
      let scale = e.map(abs).max() ?? 0
      let relative = scale > 0 ? largest / scale : largest
      let recorded = output.absmax > 0 ? output.max / output.absmax : output.max
      Corpus.report(
        "\(name) output \(index) \(output.dtype): ours \(largest) (\(relative) of the largest), recorded \(output.max) (\(recorded))"
      )
      guard !Self.outliers.contains(name) else { continue }
      if output.dtype.hasPrefix("float") {
        // Inputs are others than the recorded ones. The accelerator's own TANH and LOGISTIC are coarser than float16, so recurrent networks
        // deviate less here.
        #expect(relative <= 2 * recorded + 1e-3)
        #expect(relative >= recorded / 100)
      } else {
        #expect(largest <= output.max)
      }
    }
  }

  /// Larger models take minutes in debug builds.
  private static var largestModel: Int {
    ProcessInfo.processInfo.environment["ACCELERATOR_LARGE_MODELS"] == nil ? 8 << 20 : Int.max
  }

  private func outputs(_ model: Model, _ run: Network.Run, _ delegates: [any Delegate]) throws -> [NumpyArray] {
    let interpreter = try Interpreter(model, signature: run.signature, options: .init(threads: 2), delegates: delegates)
    for (index, input) in interpreter.inputs.enumerated() {
      let array = try run.inputs.array(named: run.signature == nil ? "\(index)" : input.name)
      try interpreter.resizeInput(index, to: array.shape)
      try interpreter.setInput(index, try #require(Tensor(array, as: input.type.element)))
    }
    try interpreter.invoke()
    return try interpreter.outputs.indices.map { try NumpyArray(interpreter.output($0)) }
  }
}
