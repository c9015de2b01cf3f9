import Delegates
import Foundation
import ImageFiles
import TFLiteRuntime

/// The likeliest classes of PNG and JPEG pictures.
///
/// For classifiers with one input `[1, height, width, channels]`, in real numbers of 0 to 1 or quantised, and one output with a score for each class.
guard CommandLine.arguments.count > 3 else {
  print("usage: ClassifyImage MODEL LABELS PICTURE...")
  exit(64)
}
let model = try Model(contentsOf: CommandLine.arguments[1])
let labels = try String(contentsOfFile: CommandLine.arguments[2], encoding: .utf8).split(whereSeparator: \.isNewline)
let interpreter = try Interpreter(model, options: .init(threads: 2), delegates: [.xnnpack()])
let shape = interpreter.inputs[0].type.shape
guard interpreter.inputs.count == 1, shape.rank == 4, [1, 3, 4].contains(shape[3]) else {
  print("the model has no input [1, height, width, channels]")
  exit(1)
}

for path in CommandLine.arguments.dropFirst(3) {
  let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  let image = try Image(decoding: file, channels: shape[3]).resized(width: shape[2], height: shape[1])
  // Real numbers are quantised as the input wants them, and the output's are read back.
  try interpreter.setInput(0, real: image.pixels.map { Float($0) / 255 })
  try interpreter.invoke()
  let scores = try interpreter.realOutput(0)
  let best = scores.indices.sorted { scores[$0] > scores[$1] }.prefix(3)
  let text = best.map { "\($0 < labels.count ? String(labels[$0]) : "\($0)") \(String(format: "%.3f", scores[$0]))" }
  print("\(path): \(text.joined(separator: ", "))")
}
