import ModelTestSupport
import TFLiteRuntime
import Testing

@testable import Delegates

/// What the accelerator does with composites, by their names: in the assessment and when they are run.
@Suite struct CompositeTests {
  private typealias M = AcceleratorModels
  private static let values: [Float] = (0..<16).map { Float($0) / 4 - 2 }

  /// ABS, a composite and ABS, one after the other; the composite's decomposition is `body`.
  private func model(_ name: String, body: [Int32]) throws -> Model {
    var model = M.chain([M.abs, 206, M.abs])
    model.subgraphs[0].operators[1][11] = .int8(21)
    model.subgraphs[0].operators[1][12] = .table([0: .string(name), 1: .int32(1)])
    model.subgraphs.append(M.chain(body, in: &model))
    return try M.load(model)
  }

  private func run(_ model: Model, requirement: PlacementRequirement = .anywhere) throws -> (
    output: [Float], placement: Placement
  ) {
    let interpreter = try Interpreter(model, options: .init(requirement: requirement), delegates: [.accelerator()])
    try interpreter.setInput(0, #require(Tensor(Self.values, shape: [2, 8])))
    try interpreter.invoke()
    return (try interpreter.output(0).floats(), interpreter.placement)
  }

  @Test func whatAsksForTheAcceleratorAlwaysGetsIt() throws {
    // ZEROS_LIKE has no lowering of its own.
    let model = try model("odml.npu_call", body: [M.zerosLike, M.relu])
    let graph = AcceleratorAssessment(model).subgraphs[0]
    #expect(graph.operators.map(\.name) == ["ABS", "STABLEHLO_COMPOSITE", "ABS"])
    #expect(graph.operators.allSatisfy(\.isAccepted) && !graph.isInlined)
    #expect(graph.partitions.map(\.operators) == [[0, 1, 2]])
    let (output, placement) = try run(model, requirement: .full)
    #expect(output == [Float](repeating: 0, count: 16))
    #expect(placement.partitions.count == 1)
  }

  @Test func whatAsksForTheCPUNeverLeavesIt() throws {
    let model = try model("odml.cpu_call", body: [M.relu])
    let graph = AcceleratorAssessment(model).subgraphs[0]
    #expect(graph.operators.map(\.refusal) == [nil, "odml.cpu_call asks for the CPU", nil])
    #expect(graph.partitions.map(\.operators) == [[0], [2]] && !graph.isInlined)
    let (output, placement) = try run(model)
    #expect(output == Self.values.map(abs))
    let elsewhere = placement.operators.filter { $0.delegate == Placement.builtin }
    #expect(elsewhere.map(\.reason) == ["odml.cpu_call asks for the CPU"] && placement.partitions.count == 2)
    let error = #expect(throws: ModelError.self) { _ = try run(model, requirement: .full) }
    #expect(error?.message.contains("asks for the CPU") == true)
  }

  @Test func othersAreReplacedByTheirDecomposition() throws {
    let model = try model("odml.something", body: [M.relu, M.zerosLike])
    let graph = AcceleratorAssessment(model).subgraphs[0]
    #expect(graph.operators.map(\.name) == ["ABS", "RELU", "ZEROS_LIKE", "ABS"] && graph.isInlined)
    #expect(graph.operators.map(\.isAccepted) == [true, true, false, true])
    #expect(graph.partitions.map(\.operators) == [[0, 1], [3]])
    #expect(try run(model).placement.operators.count { $0.delegate == "accelerator" } == 3)
  }

  @Test func theOldLibraryKnowsNoComposites() throws {
    let device = try #require(DeviceProfile.named("dsp"))
    for name in ["odml.npu_call", "odml.cpu_call", "odml.rms_norm"] {
      let graph = AcceleratorAssessment(
        try model(name, body: [M.relu]), options: AcceleratorOptions(device: device)
      ).subgraphs[0]
      #expect(graph.partitions.isEmpty, "\(name)")
    }
  }
}
