import Delegates
import TFLiteRuntime

let model = try Model(contentsOf: "Demo/digits_float32.tflite")
let interpreter = try Interpreter(model, options: .init(threads: 2), delegates: [.xnnpack()])

// Write the input in place: a bright vertical stroke on a dark ground.
var pixels = try interpreter.input(0, as: Float.self)
for row in 6..<26 {
  for column in 14..<18 { pixels[row * 32 + column] = 1 }
}
try interpreter.invoke()

let scores = try interpreter.output(0, as: Float.self)
for digit in scores.indices where scores[digit] > 0.01 {
  print("\(digit): \(scores[digit])")
}
print(interpreter.placement)
