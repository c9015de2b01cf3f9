internal import Kernels
internal import TensorTypes

/// `PAD` along height and width of an image, read by a `CONV_2D` or `DEPTHWISE_CONV_2D` without padding of its own: quantised images only where
/// what `PAD` writes is what a convolution takes for zero. Or `PADV2` or `PAD` with the lowest value of the type, read by such a `MAX_POOL_2D`.
struct FusePadding: FusionPass {
  /// An operator that slides a window over an image.
  private struct Reader {
    /// Of the window.
    let height: Int
    let width: Int
    let pad: Int
    let withBorders: (_ height: WindowBorder, _ width: WindowBorder) -> any Operator
  }

  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    guard let reader = convolution(position, graph) ?? pooling(position, graph) else { return false }
    let pad = reader.pad
    guard let image = graph.input(pad, 0), let padded = graph.output(pad), graph.shape(image).rank == 4,
      graph.shape(image).elementCount > 0,
      graph.type(image).element == graph.type(padded).element,
      graph.type(image).quantization == graph.type(padded).quantization,
      let amounts = graph.integers(graph.input(pad, 1)), amounts.count == 8,
      amounts[0] == 0, amounts[1] == 0, amounts[6] == 0, amounts[7] == 0,
      let inputs = graph.entries[position]?.node.inputs, inputs.allSatisfy({ $0 != nil }),
      amounts[2...5].allSatisfy({ $0 >= 0 }),
      // Windows that only see border are left to PAD.
      max(amounts[2], amounts[3]) < reader.height, max(amounts[4], amounts[5]) < reader.width,
      let name = graph.entries[position]?.node.name, let padName = graph.entries[pad]?.node.name
    else { return false }
    let fused = reader.withBorders(
      WindowBorder(before: amounts[2], after: amounts[3]), WindowBorder(before: amounts[4], after: amounts[5]))
    return graph.replace(
      position, and: [pad], by: fused, inputs: [image] + inputs.dropFirst().compactMap { $0 },
      name: "\(padName) + \(name)")
  }

  private func convolution(_ position: Int, _ graph: FusionGraph) -> Reader? {
    guard let pad = graph.producer(graph.input(position, 0), Pad.self),
      let filter = graph.input(position, 1).map({ graph.shape($0) }), filter.rank == 4
    else { return nil }
    if let convolution = graph.operation(position, Conv2D.self), convolution.padding == .valid,
      convolution.borders == nil
    {
      return Reader(height: filter[1], width: filter[2], pad: pad) { height, width in
        var result = convolution
        result.borders = (height, width)
        return result
      }
    }
    if let convolution = graph.operation(position, DepthwiseConv2D.self), convolution.padding == .valid,
      convolution.borders == nil
    {
      return Reader(height: filter[1], width: filter[2], pad: pad) { height, width in
        var result = convolution
        result.borders = (height, width)
        return result
      }
    }
    return nil
  }

  private func pooling(_ position: Int, _ graph: FusionGraph) -> Reader? {
    guard let pooling = graph.operation(position, MaxPool2D.self), pooling.options.padding == .valid,
      pooling.options.heightBorder == nil, let padded = graph.input(position, 0)
    else { return nil }
    let pad: Int
    if let found = graph.producer(padded, PadV2.self), graph.isLowest(graph.input(found, 2)) {
      pad = found
    } else if let found = graph.producer(padded, Pad.self), graph.writesLowest(graph.type(padded)) {
      pad = found
    } else {
      return nil
    }
    return Reader(height: pooling.options.filterHeight, width: pooling.options.filterWidth, pad: pad) { height, width in
      var result = pooling
      result.options.heightBorder = height
      result.options.widthBorder = width
      return result
    }
  }
}

extension FusionGraph {
  /// Whether a constant with one element is not above any value of its type, NaN aside.
  fileprivate func isLowest(_ id: TensorID?) -> Bool {
    guard let id else { return false }
    if let value = scalar(id) { return value <= -Float.greatestFiniteMagnitude }
    return byte(id).map { $0 == type(id).element.leastByte } ?? false
  }

  /// Whether what `PAD` writes into a tensor of this type, its zero point, is the lowest value.
  fileprivate func writesLowest(_ type: TensorType) -> Bool {
    guard case .perTensor(_, let zeroPoint) = type.quantization else { return false }
    return zeroPoint == type.element.leastByte
  }
}

extension ElementType {
  /// The least value of a quantised type of one byte.
  fileprivate var leastByte: Int? {
    switch self {
    case .int8: Int(Int8.min)
    case .uint8: Int(UInt8.min)
    default: nil
    }
  }
}
