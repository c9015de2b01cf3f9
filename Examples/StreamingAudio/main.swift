import Glibc
import TFLiteRuntime

// Hears telephone digits in a stream of samples, ten milliseconds at a time, as they would come from a microphone. What the model must remember from one
// call to the next, the last 30 ms and the smoothed energies, stays with the interpreter.

let keys: [[Character]] = [["1", "2", "3", "A"], ["4", "5", "6", "B"], ["7", "8", "9", "C"], ["*", "0", "#", "D"]]
let frequencies: (rows: [Float], columns: [Float]) = ([697, 770, 852, 941], [1209, 1336, 1477, 1633])

/// 80 ms of a key's two tones, or of silence, with noise.
func sound(_ key: Character?, using generator: inout some RandomNumberGenerator) -> [Float] {
  let row = keys.firstIndex { line in key.map { line.contains($0) } ?? false }
  let column = row.flatMap { row in keys[row].firstIndex { $0 == key } }
  return (0..<1280).map { index in
    var sample = Float.random(in: -0.2...0.2, using: &generator)
    let time = 2 * Float.pi * Float(index) / 16_000
    if let row, let column {
      sample += 0.5 * sinf(frequencies.rows[row] * time) + 0.5 * sinf(frequencies.columns[column] * time)
    }
    return sample
  }
}

/// The key whose tones are there; nil for silence and anything else.
func key(_ energies: Span<Float>) -> Character? {
  func strongest(_ range: Range<Int>) -> Int? {
    let best = range.reduce(range.lowerBound) { energies[$1] > energies[$0] ? $1 : $0 }
    return energies[best] > 0.12 ? best - range.lowerBound : nil
  }
  guard let row = strongest(0..<4), let column = strongest(4..<8) else { return nil }
  return keys[row][column]
}

let model = try Model(contentsOf: "Examples/StreamingAudio/dial_tones.tflite")
let interpreter = try Interpreter(model, options: .init(states: [.init("history"), .init("energy")]))

var generator = SystemRandomNumberGenerator()
let dialled = CommandLine.arguments.dropFirst().first ?? "0172*4463#"
let stream = dialled.flatMap { sound($0, using: &generator) + sound(nil, using: &generator) }
var heard = ""
var last: Character?
for start in stride(from: 0, to: stream.count, by: 160) {
  try interpreter.setInput(0, Array(stream[start..<start + 160]))
  try interpreter.invoke()
  let now = key(try interpreter.output(0, as: Float.self))
  if let now, now != last { heard.append(now) }
  last = now
}
print("dialled \(dialled), heard \(heard)")
