import Delegates
import FlatBuffers
import Kernels
import ModelTestSupport
import TFLiteRuntime
import TensorTypes
import Testing

/// `factor * x`, the factor being a float in the custom options.
private struct Scale: Operator {
  static let definition = OperatorDefinition(custom: "Scale")
  let factor: Float

  init(options: OperatorOptions) throws(OperatorError) {
    guard let bytes = options.custom?.span, bytes.byteCount == 4 else {
      throw .malformed("Scale wants one float32 as its options")
    }
    factor = bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: Float.self)
  }

  init(factor: Float) { self.factor = factor }

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    return [try node.input(0).shape]
  }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { [factor] io throws(OperatorError) in
      let x = io.input(0, as: Float.self)
      var y = io.output(0, as: Float.self)
      for index in y.indices { y[index] = factor * x[index] }
    }
  }
}

/// In place of `RELU`: the negated input.
private struct Negated: Operator {
  static let definition = OperatorDefinition(.relu, versions: 1...3)

  init(options: OperatorOptions) {}

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { [try node.input(0).shape] }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      let x = io.input(0, as: Float.self)
      var y = io.output(0, as: Float.self)
      for index in y.indices { y[index] = -x[index] }
    }
  }
}

@Suite struct CustomOperatorTests {
  /// `y = relu(Scale(x))` on four floats.
  private func model(options: [UInt8]?) -> [UInt8] {
    var model = ModelBuilder()
    let custom = model.code(32, custom: "Scale")
    let relu = model.code(19)
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor([4], name: "x")
    let scaled = graph.tensor([4], name: "scaled")
    let y = graph.tensor([4], name: "y")
    graph.node(custom, [x], [scaled], options.map { [5: .bytes($0)] } ?? [:])
    graph.node(relu, [scaled], [y])
    graph.inputs = [x]
    graph.outputs = [y]
    model.subgraphs = [graph]
    return model.bytes()
  }

  private func options(_ factor: Float) -> [UInt8] { withUnsafeBytes(of: factor) { Array($0) } }

  private func run(_ model: Model, delegates: [any Delegate] = []) throws -> [Float] {
    let interpreter = try Interpreter(model, delegates: delegates)
    var x = try interpreter.input(0, as: Float.self)
    for index in x.indices { x[index] = [1, -2, 3, 0][index] }
    try interpreter.invoke()
    let y = try interpreter.output(0, as: Float.self)
    return y.indices.map { y[$0] }
  }

  @Test func optionsComeFromTheModel() throws {
    for factor in [2 as Float, -0.5] {
      let model = try Model(bytes: model(options: options(factor)), operators: .builtin.adding(Scale.self))
      #expect(try run(model) == [1, -2, 3, 0].map { max($0 * factor, 0) })
    }
  }

  @Test(arguments: [nil, [], [0, 0, 0], [UInt8](repeating: 0, count: 5)] as [[UInt8]?])
  func wrongOptionsAreNamed(options: [UInt8]?) throws {
    let model = try Model(bytes: model(options: options), operators: .builtin.adding(Scale.self))
    let error = #expect(throws: ModelError.self) { try run(model) }
    #expect(error?.kind == .malformed)
    #expect(error?.description == "subgraph 0, operator 0 (Scale): Scale wants one float32 as its options")
  }

  @Test func aRegistrationMayCarryValues() throws {
    var operators = OperatorTable.builtin
    operators.add(OperatorRegistration(Scale.definition) { _ in Scale(factor: 10) })
    #expect(try run(try Model(bytes: model(options: nil), operators: operators)) == [10, 0, 30, 0])
  }

  @Test func unknownOperatorsSayHowToProvideThem() throws {
    // It loads, so that it can be inspected.
    let model = try Model(bytes: model(options: nil))
    let error = #expect(throws: ModelError.self) { _ = try Interpreter(model) }
    #expect(error?.kind == .unsupported)
    #expect(error?.location.operatorName == "Scale")
    let text = error?.description ?? ""
    for part in ["'Scale'", "OperatorTable.builtin.adding", "OperatorLibrary", "--operators"] {
      #expect(text.contains(part), "\(text)")
    }
  }

  @Test(arguments: [false, true]) func builtinsCanBeReplaced(delegated: Bool) throws {
    let operators = OperatorTable.builtin.adding(Scale.self).adding(Negated.self)
    let model = try Model(bytes: model(options: options(1)), operators: operators)
    #expect(try run(model, delegates: delegated ? [.xnnpack()] : []) == [-1, 2, -3, 0])
    // The table that it was made from is as it was.
    let original = try Model(bytes: self.model(options: options(1)), operators: .builtin.adding(Scale.self))
    #expect(try run(original, delegates: delegated ? [.xnnpack()] : []) == [1, 0, 3, 0])
  }
}
