internal import TensorTypes

extension Interpreter {
  /// An output that is an input of the next invocation, such as a key-value cache or a recurrent network's hidden state.
  public struct State: Sendable, Hashable {
    /// The input's name, the signature's or the tensor's.
    public let input: String
    /// The output's name.
    public let output: String

    public init(input: String, output: String) {
      self.input = input
      self.output = output
    }

    /// An input and an output that have the same name.
    public init(_ name: String) { self.init(input: name, output: name) }
  }
}

// MARK: States

extension Interpreter {
  /// Whether a state's new value is computed in the memory of the old one, so that it costs nothing to carry it on; it is copied otherwise. nil for
  /// names that are no state, and before ``allocate()``.
  ///
  /// That is so where the operator that computes the output may work in place (`DYNAMIC_UPDATE_SLICE`, elementwise operators) and is the last that
  /// reads the input.
  public func isKeptInPlace(_ state: State) -> Bool? {
    guard let index = inputIndex(named: state.input), let id = try? inputID(index) else { return nil }
    return runner.isKeptInPlace(id)
  }

  /// Sets all inputs that carry states to zero, as they are in the beginning. Needed after an invocation that threw, which may have changed them
  /// in part.
  public func resetStates() { runner.resetStates() }

  /// The tensors of states by their names.
  static func resolve(
    _ states: [State], _ graph: Graph, inputs: some Sequence<(String, TensorID)>,
    outputs: some Sequence<(String, TensorID)>
  ) throws(ModelError) -> [TensorID: TensorID] {
    var result: [TensorID: TensorID] = [:]
    for state in states {
      guard let input = tensor(state.input, inputs, graph), let output = tensor(state.output, outputs, graph) else {
        throw ModelError(.invalidArgument, "there is no state from output '\(state.output)' to input '\(state.input)'")
      }
      let (source, target) = (graph[output].type, graph[input].type)
      guard source.element == target.element, source.shape == target.shape, source.quantization == target.quantization,
        source.element != .string
      else {
        throw ModelError(
          .invalidArgument,
          "output '\(state.output)' is \(source) and cannot be input '\(state.input)', which is \(target)",
          at: .init(tensor: output.index, tensorName: graph[output].name))
      }
      guard result.updateValue(output, forKey: input) == nil else {
        throw ModelError(.invalidArgument, "input '\(state.input)' has two states")
      }
    }
    return result
  }

  private static func tensor(
    _ name: String, _ bindings: some Sequence<(String, TensorID)>, _ graph: Graph
  ) -> TensorID? {
    bindings.first { $0.0 == name }?.1 ?? bindings.first { graph[$0.1].name == name }?.1
  }
}
