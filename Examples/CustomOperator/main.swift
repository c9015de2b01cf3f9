import Kernels
import TFLiteRuntime
import TensorTypes

/// `ScaleAndShift`: `factor * x + offset`, element by element. Any shape; `float32`.
struct ScaleAndShift: Operator {
  static let definition = OperatorDefinition(custom: "ScaleAndShift")

  let factor: Float
  let offset: Float

  // The model stores both numbers as float32, one behind the other.
  init(options: OperatorOptions) throws(OperatorError) {
    guard let bytes = options.custom?.span, bytes.byteCount == 8 else {
      throw .malformed("ScaleAndShift wants two float32 as its options")
    }
    factor = bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: Float.self)
    offset = bytes.unsafeLoadUnaligned(fromByteOffset: 4, as: Float.self)
  }

  // The output may overwrite the input.
  var sharing: OperandSharing { .inPlace([0]) }

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    let input = try node.input(0)
    guard input.element == .float32, try node.output(0).element == .float32 else {
      throw .unsupported("\(input.element); float32 is supported")
    }
    return [input.shape]
  }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { [factor, offset] io throws(OperatorError) in
      let x = io.input(0, as: Float.self)
      var y = io.output(0, as: Float.self)
      for index in y.indices { y[index] = factor * x[index] + offset }
    }
  }
}

let model = try Model(
  contentsOf: "Examples/CustomOperator/scale_and_shift.tflite", operators: .builtin.adding(ScaleAndShift.self))
let interpreter = try Interpreter(model)
var x = try interpreter.input(0, as: Float.self)
for index in x.indices { x[index] = Float(index) - 1 }
try interpreter.invoke()
let y = try interpreter.output(0, as: Float.self)
for index in y.indices { print(y[index]) }
