import ModelTestSupport
import TFLiteRuntime

/// Small models for serving.
enum TestModels {
  /// A tensor of values that fit its shape.
  static func tensor<T: TensorScalar>(_ values: [T], shape: [Int]) -> Tensor {
    guard let tensor = Tensor(values, shape: shape) else { preconditionFailure("\(values.count) values in \(shape)") }
    return tensor
  }

  static func tensor(strings: [String]) -> Tensor {
    guard let tensor = Tensor(strings: strings, shape: [strings.count]) else { preconditionFailure("strings") }
    return tensor
  }

  /// `y = relu(x + [1, 2, 3, 4])` for any number of rows.
  static var addRelu: [UInt8] { ModelBuilder.addRelu().bytes() }

  /// Counts from 0 to its input, which takes about a microsecond a step; answers what it reached.
  static var counting: [UInt8] {
    var model = ModelBuilder()
    let loop = model.code(119)
    let less = model.code(58)
    let add = model.code(0)
    let zero = model.buffer([0, 0, 0, 0])
    let one = model.buffer([1, 0, 0, 0])
    var main = ModelBuilder.Subgraph()
    let limit = main.tensor([], type: 2, name: "limit")
    let start = main.tensor([], type: 2, buffer: zero, name: "start")
    let reached = main.tensor([], type: 2, name: "reached")
    let end = main.tensor([], type: 2, name: "end")
    main.node(loop, [start, limit], [reached, end], [3: .int8(93), 4: .table([0: .int32(1), 1: .int32(2)])])
    main.inputs = [limit]
    main.outputs = [reached]
    var test = ModelBuilder.Subgraph()
    test.inputs = [test.tensor([], type: 2, name: "i"), test.tensor([], type: 2, name: "n")]
    test.outputs = [test.tensor([], type: 6, name: "more")]
    test.node(less, [0, 1], [2])
    var body = ModelBuilder.Subgraph()
    body.inputs = [body.tensor([], type: 2, name: "i"), body.tensor([], type: 2, name: "n")]
    let step = body.tensor([], type: 2, buffer: one, name: "one")
    let next = body.tensor([], type: 2, name: "next")
    body.node(add, [0, step], [next], [3: .int8(11), 4: .table([0: .int8(0)])])
    body.outputs = [next, 1]
    model.subgraphs = [main, test, body]
    return model.bytes()
  }

  /// Which of two lists of strings are the same.
  static var sameStrings: [UInt8] { ModelBuilder.sameStrings().bytes() }
}
