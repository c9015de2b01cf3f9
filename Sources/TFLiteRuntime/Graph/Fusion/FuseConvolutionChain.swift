internal import Kernels
internal import TensorTypes

/// The inverted bottlenecks of mobile networks: a depthwise convolution of floats with the convolution that makes its image and the convolution that
/// alone reads its result. Only where what is between them is too large for the cache.
struct FuseConvolutionChain: FusionPass {
  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    if let projection = graph.operation(position, Conv2D.self), let image = graph.input(position, 0),
      let depthwise = graph.producer(image, DepthwiseConv2D.self)
    {
      if graph.isReadOnce(image), let stage = stage(projection, position, graph) {
        for chain in chains(depthwise, graph) {
          let link = Link(position: position, stage: stage)
          if replace(chain.links + [link], image: chain.image, members: chain.members, &graph) { return true }
        }
      }
      return false
    }
    // A depthwise convolution with one reader waits for it.
    guard graph.operation(position, DepthwiseConv2D.self) != nil, let result = graph.output(position),
      !graph.isReadOnce(result)
    else { return false }
    for chain in chains(position, graph) where replace(chain.links, image: chain.image, members: chain.members, &graph)
    {
      return true
    }
    return false
  }

  private struct Link {
    let position: Int
    let stage: LineStage
  }

  /// Operators that end with a depthwise convolution, and what the first of them reads.
  private struct Chain {
    var links: [Link]
    var image: TensorID
    var members: [Int]
  }

  /// The chains that end with a depthwise convolution, longer ones first.
  private func chains(_ position: Int, _ graph: FusionGraph) -> [Chain] {
    guard let depthwise = graph.operation(position, DepthwiseConv2D.self), let image = graph.input(position, 0),
      let own = try? depthwise.lineStage(context(position, graph))
    else { return [] }
    let members = [position]
    let last = Link(position: position, stage: own)
    let short = Chain(links: [last], image: image, members: members)
    guard let expansion = graph.producer(image, Conv2D.self), graph.isReadOnce(image),
      let source = graph.input(expansion, 0), let operation = graph.operation(expansion, Conv2D.self),
      let stage = stage(operation, expansion, graph)
    else { return [short] }
    let first = Link(position: expansion, stage: stage)
    return [Chain(links: [first, last], image: source, members: members + [expansion]), short]
  }

  private func stage(_ convolution: Conv2D, _ position: Int, _ graph: FusionGraph) -> LineStage? {
    try? convolution.lineStage(context(position, graph))
  }

  private func context(_ position: Int, _ graph: FusionGraph) -> NodeContext {
    let node = graph.entries[position]?.node
    let inputs = node?.inputs ?? []
    return NodeContext(
      inputs: inputs.map { $0.map { graph.type($0) } }, outputs: node?.outputs.map { graph.type($0) } ?? [],
      values: inputs.map { graph.constant($0).map { .constant($0) } ?? .unknown }, threads: 1,
      packing: graph.packing)
  }

  private func replace(_ links: [Link], image: TensorID, members: [Int], _ graph: inout FusionGraph) -> Bool {
    guard links.count > 1, let last = links.last, let output = graph.output(last.position),
      let chain = try? ConvolutionChain(
        links.map(\.stage), input: graph.shape(image), output: graph.shape(output))
    else { return false }
    return graph.replace(
      last.position, and: members, by: chain, inputs: [image],
      name: links.compactMap { graph.entries[$0.position]?.node.name }.joined(separator: " + "))
  }
}
