internal import Kernels
internal import TensorTypes

/// Transpositions of transpositions, also with reshapes between them, become one, and those that leave all elements where they are become views. Two that
/// undo one another disappear where a function of single elements stands between them.
struct CancelTransposes: FusionPass {
  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    guard let last = transposition(position, graph), let output = graph.output(position),
      graph.type(output).element.bitWidth >= 8, graph.shape(output).elementCount > 0
    else { return false }
    if surroundsFunction(position, last, output, &graph) { return true }
    // What moves the elements, the last first.
    var input = last.input
    var steps = [last.step]
    var members: [Int] = []
    if let (origin, reshapes) = graph.origin(last.input), let first = graph.producer(origin),
      let (source, step) = transposition(first, graph)
    {
      input = source
      for reshape in reshapes {
        if let shown = graph.output(reshape) { steps.append(.reshape(graph.shape(shown))) }
      }
      steps.append(step)
      members = reshapes + [first]
    }
    if let movement = movement(of: steps, from: input, graph) {
      if movement.isInPlace {
        // Those that somebody else reads stay.
        let own = members.prefix { graph.output($0).map(graph.isReadOnce) ?? false }
        return view(position, of: input, without: Array(own), &graph)
      }
      if !members.isEmpty,
        graph.replace(
          position, and: members, by: movement.transposition(to: graph.shape(output)), inputs: [input],
          name: "TRANSPOSE")
      {
        return true
      }
    }
    guard !members.isEmpty, let alone = movement(of: [last.step], from: last.input, graph), alone.isInPlace else {
      return false
    }
    return view(position, of: last.input, without: [], &graph)
  }

  /// Replaces a transposition, the function whose result it moves, and the transposition that moved the function's input from where this one brings it.
  private func surroundsFunction(
    _ position: Int, _ last: (input: TensorID, step: Step), _ output: TensorID, _ graph: inout FusionGraph
  ) -> Bool {
    guard let (result, after) = graph.origin(last.input), let middle = graph.producer(result),
      let function = graph.operation(middle), Self.isFunctionOfElements(function),
      let argument = graph.input(middle, 0), graph.entries[middle]?.node.inputs.count == 1,
      graph.shape(argument) == graph.shape(result), graph.type(result).quantization == graph.type(output).quantization,
      let (origin, before) = graph.origin(argument), let first = graph.producer(origin),
      let (source, step) = transposition(first, graph), graph.shape(source) == graph.shape(output),
      graph.type(source).quantization == graph.type(argument).quantization,
      let name = graph.entries[middle]?.node.name
    else { return false }
    let reshapes = (after + before).compactMap { graph.output($0) }.map { Step.reshape(graph.shape($0)) }
    guard movement(of: [last.step] + reshapes + [step], from: source, graph)?.isInPlace == true else { return false }
    return graph.replace(
      position, and: after + [middle] + before + [first], by: function, inputs: [source], name: name)
  }

  private static func isFunctionOfElements(_ operation: any Operator) -> Bool {
    switch operation {
    case is Gelu, is Logistic, is Tanh, is Relu, is Relu6, is ReluN1To1, is Relu0To1, is LeakyRelu, is HardSwish,
      is Elu,
      is Abs, is Neg, is Exp, is Log, is Sqrt, is Rsqrt, is Square:
      true
    default: false
    }
  }

  private func view(
    _ position: Int, of input: TensorID, without members: [Int], _ graph: inout FusionGraph
  ) -> Bool {
    guard let output = graph.output(position),
      graph.shape(input).elementCount == graph.shape(output).elementCount
    else { return false }
    return graph.replace(
      position, and: members, by: Reinterpretation(shape: graph.shape(output)), inputs: [input], name: "RESHAPE")
  }

  /// One operator that moves elements.
  private enum Step {
    case transposition([Int])
    case reshape(Shape)
    case copy(PermutedCopy)
  }

  /// - Parameter steps: the last first.
  private func movement(of steps: [Step], from input: TensorID, _ graph: FusionGraph) -> ElementMovement? {
    var movement = ElementMovement(graph.shape(input))
    for step in steps.reversed() {
      switch step {
      case .transposition(let axes): movement.transpose(axes)
      case .reshape(let shape):
        guard movement.reshape(shape) else { return nil }
      case .copy(let copy):
        guard let source = Shape(copy.source), movement.reshape(source) else { return nil }
        movement.transpose(copy.axes)
        guard movement.reshape(copy.shape) else { return nil }
      }
    }
    return movement
  }

  private func transposition(_ position: Int, _ graph: FusionGraph) -> (input: TensorID, step: Step)? {
    guard let input = graph.input(position, 0), graph.type(input).element.bitWidth >= 8 else { return nil }
    if let copy = graph.operation(position, PermutedCopy.self) { return (input, .copy(copy)) }
    guard graph.operation(position, Transpose.self) != nil, let named = graph.integers(graph.input(position, 1)),
      let axes = try? Transpose.permutation(named, rank: graph.shape(input).rank)
    else { return nil }
    return (input, .transposition(axes))
  }
}
