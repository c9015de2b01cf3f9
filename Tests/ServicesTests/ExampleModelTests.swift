import Foundation
import TFLiteRuntime
import Testing

/// The models of the examples do what their scripts say.
@Suite struct ExampleModelTests {
  private func model(_ path: String) throws -> Model {
    let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Examples")
    return try Model(contentsOf: examples.appendingPathComponent(path).path)
  }

  private static let caches = ["k0", "v0", "k1", "v1"].map { Interpreter.State($0) }

  /// Sets the inputs with these names and invokes; answers the logits.
  private func logits(_ interpreter: Interpreter, tokens: [Int32], position: Int) throws -> [Float] {
    try interpreter.setInput(try #require(interpreter.inputIndex(named: "tokens")), tokens)
    try interpreter.setInput(try #require(interpreter.inputIndex(named: "position")), [Int32(position)])
    try interpreter.invoke()
    let output = try #require(interpreter.outputIndex(named: "logits"))
    return try #require(interpreter.output(output).values())
  }

  /// Reading a text in blocks, letter by letter, and with caches that are copied by hand gives the same logits.
  @Test(arguments: [1, 2]) func prefillAndDecodeAgree(threads: Int) throws {
    let model = try model("LanguageModel/rhyme.tflite")
    func interpreter(_ signature: String, _ states: [Interpreter.State]) throws -> Interpreter {
      try Interpreter(model, signature: signature, options: .init(threads: threads, states: states))
    }
    let prefill = try interpreter("prefill", Self.caches)
    let decode = try interpreter("decode", Self.caches)
    let copying = try interpreter("decode", [])
    let text = (0..<48).map { Int32($0 * 7 % 29) }
    let blocks = try stride(from: 0, to: 48, by: 16).flatMap {
      try logits(prefill, tokens: Array(text[$0..<$0 + 16]), position: $0)
    }
    for (position, token) in text.enumerated() {
      let row = try logits(decode, tokens: [token], position: position)
      for (a, b) in zip(row, blocks[position * 29..<position * 29 + 29]) { #expect(abs(a - b) < 1e-3) }
      #expect(try logits(copying, tokens: [token], position: position) == row)
      for cache in Self.caches {
        let (from, to) = (
          try #require(copying.outputIndex(named: cache.output)), try #require(copying.inputIndex(named: cache.input))
        )
        try copying.setInput(to, copying.output(from))
      }
    }
    for cache in Self.caches {
      #expect(prefill.isKeptInPlace(cache) == true && decode.isKeptInPlace(cache) == true)
      #expect(copying.isKeptInPlace(cache) == nil)
    }
  }

  /// The energies of a tone are in its band, whatever stood there before.
  @Test func tonesAreHeard() throws {
    let interpreter = try Interpreter(
      try model("StreamingAudio/dial_tones.tflite"), options: .init(states: [.init("history"), .init("energy")]))
    for (band, frequency) in [697, 770, 852, 941, 1209, 1336, 1477, 1633].enumerated() {
      for chunk in 0..<20 {
        let samples = (0..<160).map {
          Float(sin(2 * Double.pi * Double(frequency) * Double(chunk * 160 + $0) / 16_000))
        }
        try interpreter.setInput(0, samples)
        try interpreter.invoke()
      }
      let energies = try #require(interpreter.output(0).values(as: Float.self))
      for (index, energy) in energies.enumerated() {
        #expect(index == band ? abs(energy - 1) < 0.05 : energy < 0.01, "\(frequency) Hz: \(energies)")
      }
    }
    #expect(interpreter.isKeptInPlace(.init("energy")) == true)
    #expect(interpreter.isKeptInPlace(.init("history")) == false)
  }
}
