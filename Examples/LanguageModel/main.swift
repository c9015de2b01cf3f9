import Glibc
import TFLiteRuntime

// Continues a text letter by letter: `prefill` reads the prompt in blocks of 16, `decode` then takes one letter at a time. The key-value caches are states:
// each invocation writes its rows where the caches are, and nothing is copied from one letter to the next.
//
// Usage: LanguageModel [prompt [temperature [seed]]]

/// A seeded generator (SplitMix64), so that a text can be had again.
struct Seeded: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Chooses among the `count` likeliest tokens, in proportion to `exp(logit / temperature)`; the likeliest at temperature 0.
func sample(_ logits: Span<Float>, temperature: Float, count: Int, using generator: inout Seeded) -> Int {
  let likeliest = (0..<logits.count).sorted { logits[$0] > logits[$1] }.prefix(count)
  guard temperature > 0 else { return likeliest[0] }
  let weights = likeliest.map { expf((logits[$0] - logits[likeliest[0]]) / temperature) }
  var rest = Float.random(in: 0..<weights.reduce(0, +), using: &generator)
  for (token, weight) in zip(likeliest, weights) {
    rest -= weight
    if rest < 0 { return token }
  }
  return likeliest[0]
}

let alphabet = Array("\n abcdefghijklmnopqrstuvwxyz.")
let arguments = CommandLine.arguments
let prompt = arguments.count > 1 ? arguments[1] : "this is the cat"
let temperature = arguments.count > 2 ? Float(arguments[2]) ?? 0 : 0
var generator = Seeded(state: arguments.count > 3 ? UInt64(arguments[3]) ?? 0 : 0)

let caches = ["k0", "v0", "k1", "v1"]
let options = Interpreter.Options(states: caches.map { .init($0) })
let model = try Model(contentsOf: "Examples/LanguageModel/rhyme.tflite")
let prefill = try Interpreter(model, signature: "prefill", options: options)
let decode = try Interpreter(model, signature: "decode", options: options)

// Signatures list their inputs and outputs in any order: find them once.
func input(_ interpreter: Interpreter, _ name: String) throws -> Int {
  guard let index = interpreter.inputIndex(named: name) else {
    throw ModelError(.malformed, "the model has no input '\(name)'")
  }
  return index
}
let (tokens, position) = (try input(decode, "tokens"), try input(decode, "position"))
let (blockTokens, blockPosition) = (try input(prefill, "tokens"), try input(prefill, "position"))
guard let logits = decode.outputIndex(named: "logits"), let blockLogits = prefill.outputIndex(named: "logits") else {
  throw ModelError(.malformed, "the model has no output 'logits'")
}
let block = prefill.inputs[blockTokens].type.shape.elementCount
let context = decode.inputs[try input(decode, "k0")].type.shape[1]

// Every text begins with a new line. What the model cannot spell is left out.
let text = ([0] + prompt.lowercased().compactMap { alphabet.firstIndex(of: $0) }).prefix(context - block)
var next = 0
for start in stride(from: 0, to: text.count, by: block) {
  let part = text[start..<min(start + block, text.count)]
  try prefill.setInput(blockTokens, part.map { Int32($0) } + [Int32](repeating: 0, count: block - part.count))
  try prefill.setInput(blockPosition, [Int32(start)])
  try prefill.invoke()
  let rows = try prefill.outputView(blockLogits, as: Float.self, shape: [block, alphabet.count])
  next = sample(rows.row(part.count - 1), temperature: temperature, count: 5, using: &generator)
}

// The caches move to the other interpreter once.
for name in caches {
  try decode.setInput(try input(decode, name), try prefill.tensor(prefill.inputs[input(prefill, name)].tensor))
}

var line = text.dropFirst().map { alphabet[$0] }
for place in text.count..<context where next != 0 {
  line.append(alphabet[next])
  try decode.setInput(tokens, [Int32(next)])
  try decode.setInput(position, [Int32(place)])
  try decode.invoke()
  next = sample(try decode.output(logits, as: Float.self), temperature: temperature, count: 5, using: &generator)
}
print(String(line))
print("caches in place:", caches.allSatisfy { decode.isKeptInPlace(.init($0)) == true })
