internal import Kernels
internal import TensorTypes

/// ConvNeXt-V2's global response normalisation of NHWC images:
///
///     norm = SQRT(SUM(MUL(ABS(x), ABS(x)), [1, 2]))    share = DIV(norm, ADD(MEAN(norm, [3]), epsilon))
///     ADD(x, ADD(MUL(MUL(x, share), scale), offset))
struct FuseResponseNormalization: FusionPass {
  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    guard plain(position, Add.self, graph), let output = graph.output(position), graph.isFloat(output),
      graph.shape(output).rank == 4, graph.shape(output).elementCount > 0
    else { return false }
    let channels = graph.shape(output)[3]
    for (x, sum) in graph.operands(position) {
      guard graph.shape(x) == graph.shape(output), let shifted = graph.producer(sum), plain(shifted, Add.self, graph),
        let (scaled, offset) = vector(shifted, channels, graph), let scaling = graph.producer(scaled),
        plain(scaling, Mul.self, graph), let (weighted, scale) = vector(scaling, channels, graph),
        let weighting = graph.producer(weighted), plain(weighting, Mul.self, graph),
        let shares = graph.operands(weighting).first(where: { $0.0 == x })?.1,
        let division = graph.producer(shares, Div.self), plain(division, Div.self, graph),
        let norms = graph.origin(graph.input(division, 0)), let divisor = graph.producer(graph.input(division, 1)),
        plain(divisor, Add.self, graph), let (means, epsilon) = epsilon(divisor, graph),
        let mean = graph.producer(means, Mean.self), axes(mean, [3], graph),
        let measured = graph.origin(graph.input(mean, 0)), measured.tensor == norms.tensor,
        let root = graph.producer(norms.tensor, Sqrt.self), let squares = graph.origin(graph.input(root, 0)),
        let total = graph.producer(squares.tensor, Sum.self), axes(total, [1, 2], graph),
        let square = graph.producer(graph.input(total, 0)), plain(square, Mul.self, graph),
        let factor = graph.input(square, 0), factor == graph.input(square, 1),
        // The shares must be one for each image and channel.
        graph.shape(shares).dimensions == [graph.shape(x)[0], 1, 1, channels],
        graph.shape(graph.input(mean, 0) ?? shares).dimensions == [graph.shape(x)[0], 1, 1, channels]
      else { continue }
      var members = [shifted, scaling, weighting, division, divisor, mean, root, total, square]
      members += norms.reshapes + measured.reshapes + squares.reshapes
      if factor != x {
        guard let absolute = graph.producer(factor, Abs.self), graph.input(absolute, 0) == x else { continue }
        members.append(absolute)
      }
      if graph.replace(
        position, and: members, by: ResponseNormalization(epsilon: epsilon), inputs: [x, scale, offset],
        name: "RESPONSE_NORMALIZATION")
      {
        return true
      }
    }
    return false
  }

  /// Whether an operator is of this kind and clamps nothing.
  private func plain<T: Operator>(_ position: Int, _ kind: T.Type, _ graph: FusionGraph) -> Bool {
    graph.operation(position, kind) != nil && graph.isPlain(position)
  }

  /// The operands of an operator one of which has an element for each channel.
  private func vector(_ position: Int, _ channels: Int, _ graph: FusionGraph) -> (TensorID, TensorID)? {
    graph.operands(position).first { graph.isVector($0.1, count: channels) }
  }

  private func epsilon(_ position: Int, _ graph: FusionGraph) -> (TensorID, Float)? {
    for (means, constant) in graph.operands(position) {
      if let value = graph.scalar(constant), value.isFinite, value >= 0 { return (means, value) }
    }
    return nil
  }

  private func axes(_ position: Int, _ expected: Set<Int>, _ graph: FusionGraph) -> Bool {
    guard let input = graph.input(position, 0), graph.shape(input).rank == 4,
      let named = graph.integers(graph.input(position, 1))
    else { return false }
    return Set(named.map { $0 < 0 ? $0 + 4 : $0 }) == expected
  }
}
