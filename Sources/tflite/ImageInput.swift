internal import Evaluation
internal import TFLiteRuntime
internal import TensorTypes

/// Turns a picture into a model's input.
struct ImageInput {
  let path: String
  /// `(pixel - mean) / std` is the real value of an input element; nil for the input's own default.
  let mean: Float?
  let standardDeviation: Float?

  func fill(_ interpreter: Interpreter) throws {
    guard interpreter.inputs.count == 1, let input = interpreter.inputs.first else {
      throw CommandError("--image needs a model with one input; this one has \(interpreter.inputs.count)")
    }
    let layout = try ImageLayout(input.type.shape)
    guard input.type.shape[0] == 1 else {
      throw CommandError("--image needs an input for one image, not one of shape \(input.type.shape)")
    }
    let pixels = PixelConversion(mean: mean, standardDeviation: standardDeviation)
    let tensor = try pixels.tensor(try layout.pixels(path), input.type)
    try interpreter.allocate()
    try interpreter.setInput(0, tensor)
  }
}
