import Delegates
import Foundation
import TFLiteRuntime
import TensorTypes
import Testing

/// Language models of the corpus that keep their KV cache outside: a prefill, then one decode call per token, the caches fed back by name.
@Suite(.serialized, .enabled(if: Corpus.isThere, Corpus.missing)) struct DecodeLoopTests {
  /// What LiteRT 2.3.0 generates; `record_decode_tokens.py` wrote it.
  struct Recorded: Decodable {
    /// With its XNNPACK.
    let tokens: [Int32]
    /// With its reference kernels, where the difference is rounding and not the reference's mistake.
    let reference: [Int32]?
  }

  static let recorded: [String: Recorded] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "decode_tokens.json")
    guard let data = try? Data(contentsOf: file) else { return [:] }
    return (try? JSONDecoder().decode([String: Recorded].self, from: data)) ?? [:]
  }()

  static let models: [String] = {
    guard Corpus.isThere, let names = try? Corpus.names(in: Corpus.path("models")) else { return [] }
    return names.filter { name in
      guard let model = try? Model(contentsOf: Corpus.path("models", name, "model.tflite")) else { return false }
      let signatures = model.signatures.map(\.key)
      return signatures.contains("prefill_16") && signatures.contains("decode")
    }
  }()

  @Test func everyRecordIsOfAModelThatIsThere() { #expect(Set(Self.recorded.keys).isSubset(of: Self.models)) }

  @Test(arguments: models, [false, true]) func sameTokens(name: String, onXNNPACK: Bool) throws {
    guard let wanted = Self.recorded[name] else { return }
    let text = try LanguageModel(name, delegates: onXNNPACK ? [.xnnpack()] : [])
    try text.prefill(LanguageModel.prompt(text.vocabulary))
    var generated: [Int32] = []
    while generated.count < wanted.tokens.count {
      let logits = try text.decode()
      // The best token that the text does not have yet.
      let best = try #require(
        logits.indices.filter { !text.tokens.contains(Int32($0)) }.max { logits[$0] < logits[$1] })
      generated.append(Int32(best))
      text.append(Int32(best))
    }
    #expect(generated == wanted.tokens || generated == wanted.reference)
  }

  /// Decoding a prompt token by token fills the caches with what prefilling it at once does, and says the same of the next token.
  @Test(arguments: models) func decodingEqualsPrefilling(name: String) throws {
    let prompt = try LanguageModel.prompt(LanguageModel(name).vocabulary)
    let atOnce = try LanguageModel(name)
    try atOnce.prefill(prompt)
    let oneByOne = try LanguageModel(name)
    for token in prompt {
      oneByOne.append(token)
      _ = try oneByOne.decode()
    }
    for (cache, tensor) in atOnce.caches {
      let a = try #require(tensor.realValues)
      let b = try #require(oneByOne.caches[cache]?.realValues)
      let largest = a.map(abs).max() ?? 0
      let worst = zip(a, b).map { abs($0 - $1) }.max() ?? 0
      #expect(worst <= 2e-5 * largest, "\(cache) differs by \(worst); its largest element is \(largest)")
    }
  }
}

/// A model with signatures `prefill_16` and `decode`, and the text so far.
final class LanguageModel {
  private(set) var tokens: [Int32] = []
  private(set) var caches: [String: Tensor] = [:]
  private let prefilling: Interpreter
  private let decoding: Interpreter

  init(_ name: String, delegates: [any Delegate] = []) throws {
    let model = try Model(contentsOf: Corpus.path("models", name, "model.tflite"))
    prefilling = try Interpreter(model, signature: "prefill_16", delegates: delegates)
    decoding = try Interpreter(model, signature: "decode", delegates: delegates)
    for input in decoding.inputs where input.name.hasPrefix("kv_cache") {
      caches[input.name] = Tensor(type: input.type, bytes: [UInt8](repeating: 0, count: input.type.byteCount ?? 0))
    }
  }

  var vocabulary: Int { decoding.outputs.first { $0.name == "logits" }?.type.shape.dimensions.last ?? 0 }

  static func prompt(_ vocabulary: Int) -> [Int32] { (0..<16).map { Int32((37 * $0 + 11) % vocabulary) } }

  /// The first tokens of a text, all at once. The last token's own answer comes from decoding it.
  func prefill(_ prompt: [Int32]) throws {
    tokens = prompt
    try call(prefilling, Array(prompt.indices))
  }

  func append(_ token: Int32) { tokens.append(token) }

  /// Logits of what follows the last token.
  func decode() throws -> [Float] {
    try call(decoding, [tokens.count - 1])
    let index = try #require(decoding.outputs.firstIndex { $0.name == "logits" })
    return try #require(decoding.output(index).realValues)
  }

  private func call(_ interpreter: Interpreter, _ positions: [Int]) throws {
    for (index, input) in interpreter.inputs.enumerated() {
      switch input.name {
      case "tokens": try interpreter.setInput(index, positions.map { tokens[$0] })
      case "input_pos": try interpreter.setInput(index, positions.map { Int32($0) })
      case "mask":
        // [1, 1, positions, capacity]: what a position may look at is itself and what came before.
        let capacity = try #require(input.type.shape.dimensions.last)
        try interpreter.setInput(
          index, positions.flatMap { position in (0..<capacity).map { $0 <= position ? Float(0) : -1e9 } })
      case "param_tensor":
        // Where tokens are written: first position, end, end, how many.
        let end = Int32(positions[0] + positions.count)
        try interpreter.setInput(index, [Int32(positions[0]), end, end, Int32(positions.count), 0, 0, 0])
      default: try interpreter.setInput(index, try #require(caches[input.name]))
      }
    }
    try interpreter.invoke()
    for (index, output) in interpreter.outputs.enumerated() where caches[output.name] != nil {
      caches[output.name] = try interpreter.output(index)
    }
  }
}
