internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// From TFLite operators to operators of the library: the one list. Each function is in the file of its family.
enum Lowering {
  /// - Throws: ``Refusal`` for what the library cannot run.
  static func plan(_ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    switch node.operation {
    case let operation as Convolution2DTransposeBias: return try plan(operation, node)
    case let operation as MaxPoolingWithArgmax2D: return try plan(operation, node)
    case let operation as MaxUnpooling2D: return try plan(operation, node)
    default: break
    }
    guard case .builtin(let builtin) = type(of: node.operation).definition.identity else {
      throw Refusal("custom operators have no kernel in this library")
    }
    guard OperatorTable.isBuiltin(type(of: node.operation)) else {
      throw Refusal("\(builtin.name) was replaced in the operator table")
    }
    switch node.operation {
    case let operation as Conv2D: return try plan(operation, node)
    case let operation as DepthwiseConv2D: return try plan(operation, node)
    case let operation as TransposeConv: return try plan(operation, node)
    case let operation as Kernels.FullyConnected: return try plan(operation, node)
    case let operation as Add: return try plan(.add, activation: operation.activation, node)
    case let operation as Sub: return try plan(.subtract, activation: operation.activation, node)
    case let operation as Mul: return try plan(.multiply, activation: operation.activation, node)
    case let operation as Div: return try plan(.divide, activation: operation.activation, node)
    case let operation as AveragePool2D: return try plan(operation, node)
    case let operation as MaxPool2D: return try plan(operation, node)
    case let operation as Mean: return try plan(operation, node)
    case let operation as ResizeBilinear: return try plan(operation, node)
    case let operation as Softmax: return try softmax(beta: operation.beta, node)
    case let operation as LeakyRelu: return try leakyRelu(slope: operation.alpha, node)
    default: break
    }
    switch builtin {
    case .maximum: return try plan(.maximum, activation: .none, node)
    case .minimum: return try plan(.minimum, activation: .none, node)
    case .squaredDifference: return try plan(.squaredDifference, activation: .none, node)
    case .relu: return try clamp(0...Float.infinity, node)
    case .relu6: return try clamp(0...6, node)
    case .reluN1To1: return try clamp(-1...1, node)
    case .relu0To1: return try clamp(0...1, node)
    case .abs: return try plan(.abs, node)
    case .neg: return try plan(.negate, node)
    case .square: return try plan(.square, node)
    case .sqrt: return try plan(.squareRoot, node)
    case .floor: return try plan(.floor, node)
    case .ceil: return try plan(.ceil, node)
    case .round: return try plan(.roundToEven, node)
    case .hardSwish: return try plan(.hardSwish, node)
    case .logistic: return try logistic(node)
    case .tanh: return try tanh(node)
    case .elu: return try elu(node)
    case .prelu: return try prelu(node)
    case .quantize: return try quantize(node)
    case .dequantize: return try dequantize(node)
    case .cast: return try cast(node)
    case .pad, .padv2: return try pad(node)
    case .reshape, .squeeze, .expandDims: return try copy(node)
    case .depthToSpace: return try depthToSpace(node)
    default: throw Refusal("\(node.name) has no kernel in this library")
    }
  }
}
