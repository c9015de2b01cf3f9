internal import Kernels
internal import TensorTypes

/// A concatenation along the channels, whose inputs convolutions make that nobody else reads: they write them where they belong.
struct ConcatenateInPlace: FusionPass {
  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    guard let concatenation = graph.operation(position, Concatenation.self), concatenation.activation == .none,
      let node = graph.entries[position]?.node, let output = graph.output(position)
    else { return false }
    let whole = graph.type(output)
    // In a single row the inputs are consecutive bytes, which need no copy anyway.
    guard whole.shape.rank > 1, whole.shape.axis(concatenation.axis) == whole.shape.rank - 1,
      let channels = whole.shape.last, whole.shape.elementCount > channels
    else { return false }
    var written: [(position: Int, entry: FusionGraph.Entry)] = []
    var rest: (inputs: [TensorID], starts: [Int]) = ([], [])
    var start = 0
    for case let input? in node.inputs {
      let part = graph.type(input)
      guard part.quantization.scale == whole.quantization.scale,
        part.quantization.zeroPoint == whole.quantization.zeroPoint, let width = part.shape.last
      else { return false }
      if let maker = graph.producer(input), graph.isReadOnce(input), let convolution = graph.operation(maker),
        convolution is Conv2D || convolution is DepthwiseConv2D,
        let entry = graph.entry(
          maker, by: ConcatenatedConvolution(convolution, result: part, shape: whole.shape, channel: start),
          output: output, suffix: " in CONCATENATION")
      {
        written.append((maker, entry))
      } else {
        rest.inputs.append(input)
        rest.starts.append(start)
      }
      start += width
    }
    guard !written.isEmpty else { return false }
    var last: FusionGraph.Entry?
    if !rest.inputs.isEmpty {
      last = graph.entry(
        position, by: ConcatenationRest(shape: whole.shape, starts: rest.starts), inputs: rest.inputs, output: output,
        suffix: " of the rest")
      guard last != nil else { return false }
    }
    graph.write(written, into: position, rest: last)
    return true
  }
}
