import ModelTestSupport
import TFLiteRuntime
import TensorTypes
import Testing

@testable import Delegates

/// What the delegate takes of small models, what it computes, and what it says.
@Suite struct AcceleratorDelegateTests {
  private typealias M = AcceleratorModels

  private func options(_ device: String, _ change: (inout AcceleratorOptions) -> Void = { _ in }) throws
    -> AcceleratorOptions
  {
    var options = AcceleratorOptions(device: try #require(DeviceProfile.named(device)))
    change(&options)
    return options
  }

  private let values = (0..<16).map { Float($0) * 0.37 - 2 }

  @Test func partitionsAreRunsOfNeighbours() throws {
    let model = try M.load(M.chain([M.abs, M.exp, M.zerosLike, M.relu, M.abs]))
    let (_, placement) = try run(model, values, [.accelerator()])
    #expect(
      placement.operators.map(\.delegate) == ["accelerator", "accelerator", "builtin", "accelerator", "accelerator"])
    #expect(placement.operators[2].reason == "ZEROS_LIKE has no lowering")
    #expect(placement.partitions.map(\.operators) == [[0, 1], [3, 4]])
    #expect(placement.partitions.map(\.inputBytes) == [64, 64] && placement.partitions.map(\.outputBytes) == [64, 64])
  }

  @Test func theAssessmentSaysTheSameWithoutRunning() throws {
    let model = try M.load(M.chain([M.abs, M.exp, M.zerosLike, M.relu]))
    let assessed = AcceleratorAssessment(model).placement
    let (_, placement) = try run(model, values, [.accelerator()])
    #expect(assessed == placement)
  }

  @Test func floatsAreRoundedFromV69On() throws {
    let model = try M.load(M.addition())
    let input: [Float] = [0.1, 0.2, 0.3, 4]
    let plain = try run(model, input, []).output
    #expect(try run(model, input, [.accelerator(try options("SM8350"))]).output == plain)
    let rounded = try run(model, input, [.accelerator(try options("SM8450"))]).output
    let constants: [Float] = [0.1, 1.0001, 65504, -3.3333333]
    for index in input.indices {
      let sum = Float(Float16(input[index])) + Float(Float16(constants[index]))
      #expect(rounded[index] == max(Float16Rounding.round(sum), 0))
    }
    #expect(rounded != plain)
  }

  @Test func aChipWithoutFloatTakesNoFloats() throws {
    let model = try M.load(M.chain([M.abs, M.relu]))
    let (output, placement) = try run(model, values, [.accelerator(try options("SM7550"))])
    #expect(output == values.map { abs($0) })
    #expect(placement.operators.allSatisfy { $0.reason == "SM7550 has no float32 arithmetic" })
    let quantized = try options("SM8650") { $0.precision = .quantized }
    #expect(try run(model, values, [.accelerator(quantized)]).placement.partitions.isEmpty)
  }

  @Test func skippedOperatorsRunElsewhere() throws {
    let model = try M.load(M.chain([M.abs, M.exp, M.relu, M.abs]))
    let byName = try options("SM8650") { $0.skipDelegateOperators = [.abs] }
    #expect(try run(model, values, [.accelerator(byName)]).placement.partitions.map(\.operators) == [[1, 2]])
    let byIndex = try options("SM8650") { $0.skipDelegateNodes = [1] }
    let placement = try run(model, values, [.accelerator(byIndex)]).placement
    #expect(placement.partitions.map(\.operators) == [[0], [2, 3]])
    #expect(placement.operators[1].reason == "operator 1 is in the list of operators to skip")
  }

  @Test func aVariableFailsTheWholeModel() throws {
    var builder = M.chain([M.abs, M.relu])
    builder.subgraphs[0].tensor([4], name: "state", [5: .bool(true)])
    let assessment = AcceleratorAssessment(try M.load(builder))
    #expect(assessment.failure == "variable tensors are not supported ('state')")
    #expect(assessment.subgraphs[0].partitions.isEmpty)
    #expect(assessment.subgraphs[0].operators.allSatisfy { $0.refusal == assessment.failure })
  }

  @Test func missingOptionsFailTheWholeModel() throws {
    var builder = M.addition()
    builder.subgraphs[0].operators[0][3] = nil
    builder.subgraphs[0].operators[0][4] = nil
    #expect(AcceleratorAssessment(try M.load(builder)).failure == "operator 0 ADD has no options")
  }

  @Test func requirementsAreErrors() throws {
    let model = try M.load(M.chain([M.abs, M.exp, M.zerosLike, M.relu]))
    func make(_ requirement: PlacementRequirement) throws -> Interpreter {
      let interpreter = try Interpreter(
        model, options: .init(requirement: requirement), delegates: [.accelerator()])
      try interpreter.allocate()
      return interpreter
    }
    for requirement in [PlacementRequirement.anywhere, .share(0.75), .operators(["ABS", "EXP"])] {
      _ = try make(requirement)
    }
    for requirement in [PlacementRequirement.full, .share(0.76), .operators(["ZEROS_LIKE"])] {
      let error = #expect(throws: ModelError.self) { _ = try make(requirement) }
      #expect(error?.kind == .delegate && error?.message.contains("ZEROS_LIKE has no lowering") == true)
    }
  }

  @Test func profilingRecordsRuns() throws {
    let delegate = AcceleratorDelegate(try options("SM8650") { $0.profiling = .basic })
    _ = try run(try M.load(M.chain([M.abs, M.relu])), values, [delegate])
    #expect(
      delegate.log.events.contains { if case .partitionRan(let operators, _) = $0 { operators == 2 } else { false } })
    let detailed = AcceleratorDelegate(try options("SM8650") { $0.profiling = .perOperator })
    _ = try run(try M.load(M.chain([M.abs, M.relu])), values, [detailed])
    let names = detailed.log.events.compactMap { if case .operatorRan(let name, _) = $0 { name } else { nil } }
    #expect(names == ["ABS", "RELU"])
    let silent = AcceleratorDelegate()
    _ = try run(try M.load(M.chain([M.abs, M.relu])), values, [silent])
    #expect(silent.log.events.isEmpty)
  }

  @Test func whatWillNotCompileIsSaid() throws {
    var builder = M.addition()
    #expect(AcceleratorAssessment(try M.load(builder)).compileProblems.isEmpty)
    // SIGN_BIT.
    builder.subgraphs[0].operators[0][4] = .table([0: .int8(5)])
    let assessment = AcceleratorAssessment(try M.load(builder))
    #expect(assessment.subgraphs[0].partitions.map(\.operators) == [[0, 1]])
    #expect(assessment.compileProblems == ["operator 0 ADD: the fused activation SIGN_BIT has no kernel"])
  }

  /// A RESHAPE shares its input's memory outside partitions; inside, rounding must not reach what others read.
  @Test func roundingStaysInsideThePartition() throws {
    let model = try M.load(M.sharedReshape())
    let skipping = try options("SM8650") { $0.skipDelegateOperators = [.abs] }
    let interpreter = try Interpreter(model, delegates: [.accelerator(skipping)])
    let input: [Float] = [0.1, 0.2, 0.3, 0.4]
    try interpreter.setInput(0, #require(Tensor(input, shape: [1, 4])))
    try interpreter.invoke()
    #expect(try interpreter.output(0).floats() == input.map { Float(Float16($0)) })
    #expect(try interpreter.output(1).floats() == input)
  }
}
