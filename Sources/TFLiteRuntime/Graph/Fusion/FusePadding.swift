internal import Kernels
internal import TensorTypes

/// `PAD` along height and width of an image, read by a `CONV_2D` or `DEPTHWISE_CONV_2D` without padding of its own. Quantised images only where
/// what `PAD` writes is what a convolution takes for zero.
struct FusePadding: FusionPass {
  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    let fused: ((height: WindowBorder, width: WindowBorder)) -> any Operator
    if let convolution = graph.operation(position, Conv2D.self), convolution.padding == .valid,
      convolution.borders == nil
    {
      fused = { borders in
        var result = convolution
        result.borders = borders
        return result
      }
    } else if let convolution = graph.operation(position, DepthwiseConv2D.self), convolution.padding == .valid,
      convolution.borders == nil
    {
      fused = { borders in
        var result = convolution
        result.borders = borders
        return result
      }
    } else {
      return false
    }
    guard let pad = graph.producer(graph.input(position, 0), Pad.self), let image = graph.input(pad, 0),
      let padded = graph.output(pad), graph.shape(image).rank == 4, graph.shape(image).elementCount > 0,
      graph.type(image).element == graph.type(padded).element,
      graph.type(image).quantization == graph.type(padded).quantization,
      let amounts = graph.integers(graph.input(pad, 1)), amounts.count == 8,
      amounts[0] == 0, amounts[1] == 0, amounts[6] == 0, amounts[7] == 0,
      let inputs = graph.entries[position]?.node.inputs, inputs.allSatisfy({ $0 != nil }),
      let filter = inputs.count > 1 ? inputs[1] : nil, graph.shape(filter).rank == 4,
      amounts[2...5].allSatisfy({ $0 >= 0 }),
      // Windows that only see border are left to PAD.
      max(amounts[2], amounts[3]) < graph.shape(filter)[1], max(amounts[4], amounts[5]) < graph.shape(filter)[2],
      let name = graph.entries[position]?.node.name
    else { return false }
    let borders = (
      height: WindowBorder(before: amounts[2], after: amounts[3]),
      width: WindowBorder(before: amounts[4], after: amounts[5])
    )
    return graph.replace(
      position, and: [pad], by: fused(borders), inputs: [image] + inputs.dropFirst().compactMap { $0 },
      name: "PAD + \(name)")
  }
}
