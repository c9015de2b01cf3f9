import Delegates
import ModelTestSupport
import TFLiteRuntime
import TensorTypes
import Testing

/// Models whose activations are `float16`, for which TFLite and the built-in kernels have few operators.
@Suite struct HalfModelTests {
  /// RELU6, then HARD_SWISH, on `float16[1, 5]`.
  private static func model() throws -> Model {
    var model = ModelBuilder()
    let relu6 = model.code(21)
    let hardSwish = model.code(117)
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor([1, 5], type: 1, name: "x")
    let a = graph.tensor([1, 5], type: 1, name: "a")
    let y = graph.tensor([1, 5], type: 1, name: "y")
    graph.node(relu6, [x], [a])
    graph.node(hardSwish, [a], [y])
    graph.inputs = [x]
    graph.outputs = [y]
    model.subgraphs = [graph]
    return try Model(bytes: model.bytes())
  }

  @Test(.enabled(if: XNNPackDelegate.hasFloat16)) func xnnpackRunsWhatHasNoKernel() throws {
    let interpreter = try Interpreter(
      try Self.model(), options: .init(requirement: .full), delegates: [.xnnpack()])
    let values: [Float16] = [-3, 0, 1.5, 3, 60000]
    let input = try #require(Tensor(values, shape: [1, 5]))
    let output = try #require(try interpreter(["x": input])["y"]?.values(as: Float16.self))
    let expected: [Float] = [0, 0, 1.125, 3, 6]
    for (actual, wanted) in zip(output, expected) { #expect(abs(Float(actual) - wanted) <= 0.01) }
  }

  /// Without it such a model is an error that says what is missing, also where the delegate's region is too small.
  @Test func otherwiseItIsAnError() throws {
    let small = PartitioningOptions(minimumNodes: 3)
    for delegates: [any Delegate] in [[], [.xnnpack(partitioning: small)]] {
      let error = #expect(throws: ModelError.self) {
        try Interpreter(try Self.model(), delegates: delegates).allocate()
      }
      #expect(error?.kind == .unsupported)
      #expect(error.map { "\($0)".contains("float16") } == true)
    }
  }

  /// A convolution of single pixels with a bias, then PRELU, on `float16[1, 2, 2, 2]`.
  private static func product() throws -> Model {
    func bytes(_ values: [Float16]) -> [UInt8] { values.flatMap { value in withUnsafeBytes(of: value) { Array($0) } } }
    var model = ModelBuilder()
    let (convolution, prelu) = (model.code(3), model.code(54))
    let filter = model.buffer(bytes([1, 1, 1, -2]))
    let bias = model.buffer(bytes([0.5, -1]))
    let slopes = model.buffer(bytes([0.5, 0.25]))
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor([1, 2, 2, 2], type: 1, name: "x")
    let w = graph.tensor([2, 1, 1, 2], type: 1, buffer: filter, name: "w")
    let b = graph.tensor([2], type: 1, buffer: bias, name: "b")
    let a = graph.tensor([1, 2, 2, 2], type: 1, name: "a")
    let s = graph.tensor([1, 1, 2], type: 1, buffer: slopes, name: "s")
    let y = graph.tensor([1, 2, 2, 2], type: 1, name: "y")
    graph.node(convolution, [x, w, b], [a], [3: .int8(1), 4: .table([0: .int8(1), 1: .int32(1), 2: .int32(1)])])
    graph.node(prelu, [a, s], [y])
    graph.inputs = [x]
    graph.outputs = [y]
    model.subgraphs = [graph]
    return try Model(bytes: model.bytes())
  }

  @Test(.enabled(if: XNNPackDelegate.hasFloat16), arguments: [1, 3]) func xnnpackRunsProducts(batch: Int) throws {
    let interpreter = try Interpreter(
      try Self.product(), options: .init(requirement: .full), delegates: [.xnnpack()])
    try interpreter.resizeInput(0, to: [batch, 2, 2, 2])
    let pixel: [Float16] = [1, 2, 3, -4, 0, 0.5, -2, 2]
    let values = (0..<batch).flatMap { factor in pixel.map { $0 * Float16(factor + 1) } }
    let input = try #require(Tensor(values, shape: [batch, 2, 2, 2]))
    let output = try #require(try interpreter(["x": input])["y"]?.values(as: Float16.self))
    let expected = (0..<values.count / 2).flatMap { index -> [Float16] in
      let (first, second) = (values[2 * index], values[2 * index + 1])
      let (sum, difference) = (first + second + 0.5, first - 2 * second - 1)
      return [sum < 0 ? sum * 0.5 : sum, difference < 0 ? difference * 0.25 : difference]
    }
    #expect(output == expected)
  }

  @Test func withoutItProductsAreAnError() throws {
    let error = #expect(throws: ModelError.self) { try Interpreter(try Self.product()).allocate() }
    #expect(error?.kind == .unsupported && error.map { "\($0)".contains("float16") } == true)
  }
}
