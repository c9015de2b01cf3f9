import Evaluation
import ModelTestSupport
import TFLiteRuntime
import TensorFiles

/// A classifier whose scores are its inputs: `y = x + 0`, of `[batch, classes]` floats.
func scoreModel(batch: Int32 = 1, classes: Int32 = 4, output: [Int32]? = nil) throws -> Model {
  var model = ModelBuilder()
  let add = model.code(0)
  let zero = model.buffer(floats: [0])
  var graph = ModelBuilder.Subgraph()
  let x = graph.tensor([batch, classes], name: "x")
  let z = graph.tensor([1], buffer: zero, name: "zero")
  let sum = graph.tensor([batch, classes], name: "sum")
  graph.node(add, [x, z], [sum], [3: .int8(11), 4: .table([0: .int8(0)])])
  graph.inputs = [x]
  graph.outputs = [sum]
  if let output {
    let reshape = model.code(22)
    let shape = model.buffer(output.withUnsafeBytes { Array($0) })
    let s = graph.tensor([Int32(output.count)], type: 2, buffer: shape, name: "shape")
    let y = graph.tensor(output, name: "y")
    graph.node(reshape, [sum, s], [y])
    graph.outputs = [y]
  }
  model.subgraphs = [graph]
  return try Model(bytes: model.bytes())
}

func candidate(_ model: Model, name: String = "builtin") throws -> ClassifierEvaluation.Candidate {
  .init(name: name, interpreter: try Interpreter(model))
}

/// An archive of these arrays, by way of a file.
func archive(_ arrays: [(String, NumpyArray)]) throws -> NumpyArchive {
  let path = "/tmp/evaluation-\(UInt64.random(in: 0 ... .max)).npz"
  try NumpyArchive.write(arrays, to: path)
  defer { try? removeFile(path) }
  let bytes = try readFile(path)
  return try NumpyArchive(npz: bytes, name: "data set")
}
