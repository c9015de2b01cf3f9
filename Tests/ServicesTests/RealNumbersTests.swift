import ModelTestSupport
import TFLiteRuntime
import TensorTypes
import Testing

@Suite struct RealNumbersTests {
  /// `y = reshape(x)` of four elements: what goes in comes out.
  private func model(_ element: Int8, _ quantization: ModelBuilder.Table = [:]) throws -> Model {
    var model = ModelBuilder()
    let reshape = model.code(22)
    let buffer = model.buffer([2, 0, 0, 0, 2, 0, 0, 0])
    var graph = ModelBuilder.Subgraph()
    let shape = graph.tensor([2], type: 2, buffer: buffer, name: "shape")
    graph.inputs = [graph.tensor([2, 2], type: element, name: "x", quantization)]
    graph.outputs = [graph.tensor([2, 2], type: element, name: "y", quantization)]
    graph.node(reshape, [graph.inputs[0], shape], graph.outputs)
    model.subgraphs = [graph]
    return try Model(bytes: model.bytes())
  }

  private func affine(_ scales: [Float], _ zeroPoints: [Int64], axis: Int32 = 0) -> ModelBuilder.Table {
    [4: .table([2: .floats(scales), 3: .int64s(zeroPoints), 6: .int32(axis)])]
  }

  private func roundTrip(_ model: Model, _ values: [Float]) throws -> (bytes: [UInt8], reals: [Float]) {
    let interpreter = try Interpreter(model)
    try interpreter.setInput(0, real: values)
    try interpreter.invoke()
    let tensor = try interpreter.output(0)
    let made = try #require(Tensor(real: values, type: tensor.type))
    #expect(made == tensor)
    return (tensor.bytes, try interpreter.realOutput(0))
  }

  @Test(
    arguments: [
      ([0, 0.24, 0.25, -0.25], [-1, -1, 0, -2]), ([100, -100, .infinity, -.infinity], [127, -128, 127, -128]),
      ([.nan, 0.75, 1.25, 63.9], [-1, 1, 2, 127]),
      ([-63.5, -63.75, .greatestFiniteMagnitude, 1e-30], [-128, -128, 127, -1]),
    ] as [([Float], [Int8])])
  func int8(values: [Float], quantized: [Int8]) throws {
    let (bytes, reals) = try roundTrip(try model(9, affine([0.5], [-1])), values)
    #expect(bytes.map { Int8(bitPattern: $0) } == quantized)
    #expect(reals == quantized.map { 0.5 * Float(Int($0) + 1) })
  }

  @Test func uint8() throws {
    let (bytes, reals) = try roundTrip(try model(3, affine([0.25], [10])), [-2.5, -3, 61.25, 0.1])
    #expect(bytes == [0, 0, 255, 10])
    #expect(reals == [-2.5, -2.5, 61.25, 0])
  }

  @Test func int16() throws {
    let (_, reals) = try roundTrip(try model(7, affine([0.001], [0])), [32.767, -40, 40, 0.0004])
    #expect(reals == [32.767, -32.768, 32.767, 0].map { (value: Float) in 0.001 * (value / 0.001).rounded() })
  }

  @Test(arguments: [(0, [2, 2, 1, 1]), (1, [2, 1, 2, 1])] as [(Int32, [Int8])])
  func oneScaleForEachChannel(axis: Int32, quantized: [Int8]) throws {
    let (bytes, reals) = try roundTrip(try model(9, affine([0.5, 1], [0, 0], axis: axis)), [1, 1, 1, 1])
    #expect(bytes.map { Int8(bitPattern: $0) } == quantized)
    #expect(reals == [1, 1, 1, 1])
  }

  @Test func otherFloats() throws {
    #expect(try roundTrip(try model(0), [1.1, -2, .infinity, 0]).reals == [1.1, -2, .infinity, 0])
    #expect(try roundTrip(try model(1), [1.1, -2, 70_000, 0]).reals == [Float(1.1 as Float16), -2, .infinity, 0])
    #expect(try roundTrip(try model(10), [1.1, -2, .infinity, 0]).reals == [1.1, -2, .infinity, 0])
  }

  @Test(arguments: [2, 4, 6, 9] as [Int8]) func integersWithoutQuantisation(element: Int8) throws {
    let interpreter = try Interpreter(try model(element))
    let error = #expect(throws: ModelError.self) { try interpreter.setInput(0, real: [1, 2, 3, 4]) }
    #expect(error?.kind == .unsupported && error?.location.tensorName == "x")
    #expect(Tensor(real: [1, 2, 3, 4], type: interpreter.inputs[0].type) == nil)
  }

  @Test func wrongCountsAndStates() throws {
    let interpreter = try Interpreter(try model(9, affine([0.5], [0])))
    for values in [[], [1, 2, 3], [1, 2, 3, 4, 5]] as [[Float]] {
      #expect(throws: ModelError.self) { try interpreter.setInput(0, real: values) }
    }
    #expect(throws: ModelError.self) { try interpreter.realOutput(0) }
    #expect(throws: ModelError.self) { try interpreter.realOutput(1) }
    try interpreter.invoke()
    var short: [Float] = [0]
    #expect(throws: ModelError.self) {
      var span = short.mutableSpan
      try interpreter.readOutput(0, into: &span)
    }
  }
}
