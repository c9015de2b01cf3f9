import FlatBuffers
import ModelTestSupport
import TFLiteRuntime
import TensorTypes
import Testing

/// Small models for tests of the accelerator.
enum AcceleratorModels {
  /// Operators by their code, one after the other on `float32[2, 8]`.
  static func chain(_ codes: [Int32]) -> ModelBuilder {
    var model = ModelBuilder()
    model.subgraphs = [chain(codes, in: &model)]
    return model
  }

  /// The same as a subgraph of a model.
  static func chain(_ codes: [Int32], in model: inout ModelBuilder) -> ModelBuilder.Subgraph {
    var graph = ModelBuilder.Subgraph()
    var last = graph.tensor([2, 8], name: "x")
    graph.inputs = [last]
    for (index, code) in codes.enumerated() {
      let next = graph.tensor([2, 8], name: "t\(index)")
      graph.node(model.code(code), [last], [next])
      last = next
    }
    graph.outputs = [last]
    return graph
  }

  static let relu: Int32 = 19
  static let abs: Int32 = 101
  static let exp: Int32 = 47
  /// Has no lowering.
  static let zerosLike: Int32 = 93

  /// `y = relu(x + c)` as RELU(ADD(x, c)), then ABS; `c` has values that float16 cannot hold.
  static func addition(constant: [Float] = [0.1, 1.0001, 70000, -3.3333333]) -> ModelBuilder {
    var model = ModelBuilder()
    let add = model.code(0)
    let relu = model.code(Self.relu)
    let buffer = model.buffer(floats: constant)
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor([1, 4], name: "x")
    let c = graph.tensor([4], buffer: buffer, name: "c")
    let sum = graph.tensor([1, 4], name: "sum")
    let y = graph.tensor([1, 4], name: "y")
    graph.node(add, [x, c], [sum], [3: .int8(11), 4: .table([0: .int8(0)])])
    graph.node(relu, [sum], [y])
    graph.inputs = [x]
    graph.outputs = [y]
    model.subgraphs = [graph]
    return model
  }

  /// ABS of an input, then RESHAPE of the result, and ABS of it again.
  static func sharedReshape() -> ModelBuilder {
    var model = ModelBuilder()
    let absolute = model.code(abs)
    let reshape = model.code(22)
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor([1, 4], name: "x")
    let a = graph.tensor([1, 4], name: "a")
    let r = graph.tensor([4], name: "r")
    let b = graph.tensor([1, 4], name: "b")
    graph.node(absolute, [x], [a])
    graph.node(reshape, [a], [r], [3: .int8(17), 4: .table([0: .int32s([4])])])
    graph.node(absolute, [a], [b])
    graph.inputs = [x]
    graph.outputs = [r, b]
    model.subgraphs = [graph]
    return model
  }

  static func load(_ builder: ModelBuilder) throws -> Model { try Model(bytes: builder.bytes()) }
}

/// Runs a model of one `float32` input and output.
func run(_ model: Model, _ values: [Float], _ delegates: [any Delegate]) throws -> (
  output: [Float], placement: Placement
) {
  let interpreter = try Interpreter(model, delegates: delegates)
  let shape = interpreter.inputs[0].type.shape.dimensions
  try interpreter.setInput(0, #require(Tensor(values, shape: shape)))
  try interpreter.invoke()
  return (try interpreter.output(0).floats(), interpreter.placement)
}

extension Tensor {
  /// The elements of a `float32` tensor.
  func floats() throws -> [Float] { try #require(values(as: Float.self)) }
}
