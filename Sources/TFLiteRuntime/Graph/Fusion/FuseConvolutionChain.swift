internal import Kernels
internal import TensorTypes

/// The inverted bottlenecks of mobile networks: a depthwise convolution of floats with the convolution that makes its image and the convolution that
/// alone reads its result, with their activations and what is added to the result. Only where what is between them is too large for the cache.
struct FuseConvolutionChain: FusionPass {
  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    switch Self.convolution(position, graph) {
    case is DepthwiseConv2D:
      // One with one reader waits for it.
      guard let result = graph.output(position), !graph.isReadOnce(result), let last = Link(position, graph) else {
        return false
      }
      return chains(last, graph).contains { replace($0, &graph) }
    case is Conv2D:
      guard let image = graph.input(position, 0), graph.isReadOnce(image), let producer = graph.producer(image),
        Self.convolution(producer, graph) is DepthwiseConv2D, let depthwise = Link(producer, graph),
        depthwise.operands.isEmpty, let last = Link(position, graph)
      else { return false }
      return chains(depthwise, graph).contains { replace($0 + [last], &graph) }
    default: return false
    }
  }

  /// The operator at a position without the elementwise ones that run in its step.
  private static func convolution(_ position: Int, _ graph: FusionGraph) -> (any Operator)? {
    graph.operation(position, ProductEpilogue.self)?.product ?? graph.operation(position)
  }

  /// A convolution, with the elementwise operators that run in its step.
  private struct Link {
    let position: Int
    let image: TensorID?
    /// Further inputs of the elementwise operators.
    let operands: [TensorID]
    let stage: LineStage

    init?(_ position: Int, _ graph: FusionGraph) {
      guard let node = graph.entries[position]?.node, let output = node.outputs.first,
        graph.type(output).element == .float32
      else { return nil }
      let context = NodeContext(
        inputs: node.inputs.map { $0.map { graph.type($0) } }, outputs: [graph.type(output)],
        values: node.inputs.map { graph.constant($0).map { .constant($0) } ?? .unknown }, threads: 1,
        packing: graph.packing)
      let operation = graph.operation(position)
      guard let stage = try? (operation as? any LineOperator)?.lineStage(context) else { return nil }
      let productInputs = (operation as? ProductEpilogue)?.productInputs ?? node.inputs.count
      self.position = position
      self.stage = stage
      image = node.inputs.first ?? nil
      operands = node.inputs.dropFirst(productInputs).compactMap { $0 }
    }
  }

  /// The chains that end with a depthwise convolution, longer ones first.
  private func chains(_ depthwise: Link, _ graph: FusionGraph) -> [[Link]] {
    guard let image = depthwise.image, let producer = graph.producer(image), graph.isReadOnce(image),
      Self.convolution(producer, graph) is Conv2D, let expansion = Link(producer, graph), expansion.operands.isEmpty
    else { return [[depthwise]] }
    return [[expansion, depthwise], [depthwise]]
  }

  private func replace(_ links: [Link], _ graph: inout FusionGraph) -> Bool {
    guard links.count > 1, let last = links.last, let image = links[0].image, let output = graph.output(last.position),
      let chain = try? ConvolutionChain(
        links.map(\.stage), input: graph.shape(image), output: graph.shape(output))
    else { return false }
    return graph.replace(
      last.position, and: links.dropLast().map(\.position), by: chain, inputs: [image] + last.operands,
      name: links.compactMap { graph.entries[$0.position]?.node.name }.joined(separator: " + "))
  }
}
