import Delegates
import KernelTestSupport
import Kernels
import ModelTestSupport
import TFLiteRuntime
import TensorTypes
import Testing

/// MediaPipe's custom operators on XNNPACK against the built-in kernels, which have tests of their own.
@Suite struct MediaPipeOperatorTests {
  /// A pooling of `x`, and an unpooling of what it gives. Fields are padding (1 same, 2 valid), stride width and height, window width and height,
  /// activation.
  private func pooling(_ shape: [Int32], _ fields: [Int32], pooled: [Int32], outputsPlaces: Bool = true) throws -> Model
  {
    var model = ModelBuilder()
    let pool = model.code(32, custom: "MaxPoolingWithArgmax2D")
    let unpool = model.code(32, custom: "MaxUnpooling2D")
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor(shape, name: "x")
    let y = graph.tensor(pooled, name: "y")
    let places = graph.tensor(pooled, name: "places")
    let image = graph.tensor(shape, name: "image")
    let options = ModelBuilder.Subgraph.structure(fields)
    graph.node(pool, [x], [y, places], [5: .bytes(options)])
    graph.inputs = [x]
    if outputsPlaces {
      graph.node(unpool, [y, places], [image], [5: .bytes(options)])
      graph.outputs = [y, places, image]
    } else {
      graph.outputs = [y]
    }
    model.subgraphs = [graph]
    return try Model(bytes: model.bytes())
  }

  private func outputs(_ model: Model, _ inputs: [Tensor], _ delegates: [any Delegate]) throws -> ([Tensor], Placement)
  {
    let interpreter = try Interpreter(model, options: .init(threads: 2), delegates: delegates)
    for (index, tensor) in inputs.enumerated() { try interpreter.setInput(index, tensor) }
    try interpreter.invoke()
    try interpreter.invoke()
    return (try interpreter.outputs.indices.map { try interpreter.output($0) }, interpreter.placement)
  }

  private func random(_ shape: [Int]) throws -> Tensor {
    var generator = SeededGenerator(seed: 5)
    return try #require(Tensor(generator.floats(shape.reduce(1, *), in: -3...3), shape: shape))
  }

  @Test(arguments: [1, 3, 4, 7, 8, 17], [[2, 2], [3, 3], [2, 3], [5, 4], [1, 2]]) func `maxima, places and back`(
    _ channels: Int, _ window: [Int]
  ) throws {
    let shape = [2, 3 * window[1], 4 * window[0], channels]
    let fields = [1, window[0], window[1], window[0], window[1], 0].map { Int32($0) }
    let model = try pooling(shape.map { Int32($0) }, fields, pooled: [2, 3, 4, Int32(channels)])
    let input = try random(shape)
    let (expected, _) = try outputs(model, [input], [])
    let (actual, placement) = try outputs(model, [input], [.xnnpack()])
    #expect(placement.operators.map(\.delegate) == ["xnnpack", "xnnpack"])
    let isSame = actual == expected
    #expect(isSame)
  }

  @Test func `of equal elements one counts`() throws {
    let model = try pooling([1, 2, 2, 1], [2, 2, 2, 2, 2, 0], pooled: [1, 1, 1, 1])
    let input = try #require(Tensor([1, 2, 2, 2] as [Float], shape: [1, 2, 2, 1]))
    let (actual, _) = try outputs(model, [input], [.xnnpack()])
    #expect(actual.map { $0.values(as: Float.self) } == [[2], [2.1], [0, 0, 2, 0]])
  }

  @Test func `places that nobody reads`() throws {
    let model = try pooling([1, 5, 4, 3], [2, 2, 2, 2, 2, 0], pooled: [1, 2, 2, 3], outputsPlaces: false)
    let input = try random([1, 5, 4, 3])
    let (expected, _) = try outputs(model, [input], [])
    let (actual, placement) = try outputs(model, [input], [.xnnpack()])
    #expect(placement.operators.map(\.delegate) == ["xnnpack"])
    let isSame = actual == expected
    #expect(isSame)
  }

  @Test(
    arguments: [
      ([1, 1, 1, 2, 2, 0], 4), ([2, 2, 2, 3, 3, 0], 1), ([2, 2, 2, 2, 2, 1], 2), ([1, 3, 3, 3, 3, 0], 2),
      ([1, 1, 1, 1, 1, 0], 4),
    ] as [([Int32], Int32)]) func `what has no kernel is refused`(_ fields: [Int32], _ size: Int32) throws
  {
    let model = try pooling([1, 4, 4, 2], fields, pooled: [1, size, size, 2], outputsPlaces: false)
    let (_, placement) = try outputs(model, [try random([1, 4, 4, 2])], [.xnnpack()])
    #expect(placement.operators.map(\.delegate) == ["builtin"])
  }

  @Test func `places outside of their window are an error, not written`() throws {
    var model = ModelBuilder()
    let unpool = model.code(32, custom: "MaxUnpooling2D")
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor([1, 1, 2, 1], name: "x")
    let places = graph.tensor([1, 1, 2, 1], name: "places")
    let image = graph.tensor([1, 2, 4, 1], name: "image")
    graph.node(
      unpool, [x, places], [image], [5: .bytes(ModelBuilder.Subgraph.structure([2, 2, 2, 2, 2, 0]))])
    graph.inputs = [x, places]
    graph.outputs = [image]
    model.subgraphs = [graph]
    let loaded = try Model(bytes: model.bytes())
    let values = try #require(Tensor([5, 6] as [Float], shape: [1, 1, 2, 1]))
    func run(_ first: Float, _ second: Float) throws -> [Float]? {
      let places = try #require(Tensor([first, second], shape: [1, 1, 2, 1]))
      return try outputs(loaded, [values, places], [.xnnpack()]).0[0].values()
    }
    #expect(try run(0.1, 3.1) == [5, 0, 0, 0, 0, 0, 0, 6])
    #expect(try run(2, -0.5) == [0, 0, 6, 0, 5, 0, 0, 0])
    for bad: Float in [4, -1, 1e30, -.infinity, .nan, .infinity] {
      #expect(throws: ModelError.self) { try run(0, bad) }
    }
  }

  @Test(arguments: [1, 2] as [Int32], [(1, 1), (2, 1), (3, 1), (1, 16), (2, 5), (3, 5)] as [(Int32, Int)])
  func `transposed convolution`(_ padding: Int32, _ form: (Int32, Int)) throws {
    let (stride, channels) = form
    for kernel in [1, 2, 3, 5] where kernel >= Int(stride) {
      let image = try TestTensor.random([2, 4, 5, channels], seed: 1)
      let filter = try TestTensor.random([3, kernel, kernel, channels], seed: 2).constant
      let bias = try TestTensor.random([3], seed: 3).constant
      let operation = try Convolution2DTransposeBias(options: .structure([padding, stride, stride]))
      let node = try TestNode(operation, [image, filter, bias], output: .float32)
      let expected = try KernelTestSupport.run(
        operation, [image, filter, bias], outputs: [(.float32, .none)], threads: 1)
      try node.expect(expected[0].reals)
    }
  }
}

extension ModelBuilder.Subgraph {
  /// A C structure of 32-bit integers.
  fileprivate static func structure(_ fields: [Int32]) -> [UInt8] { fields.withUnsafeBytes { Array($0) } }
}
