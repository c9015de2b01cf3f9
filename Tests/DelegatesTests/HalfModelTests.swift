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
}
