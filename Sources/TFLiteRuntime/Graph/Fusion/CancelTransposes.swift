internal import Kernels
internal import TensorTypes

/// Transpositions of transpositions become one, and those that leave all elements where they are, up to dimensions of 1, become views.
struct CancelTransposes: FusionPass {
  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    guard var (input, axes) = transposition(position, graph), let output = graph.output(position) else { return false }
    var member: Int?
    if let first = graph.producer(input), let (source, before) = transposition(first, graph),
      before.count == axes.count
    {
      let combined = axes.map { before[$0] }
      if moves(combined, graph.shape(source)) {
        guard graph.isReadOnce(input) else { return false }
      }
      if graph.isReadOnce(input) { member = first }
      (input, axes) = (source, combined)
      if moves(axes, graph.shape(input)) {
        return graph.replace(
          position, and: [first], by: PermutedCopy(axes: axes), inputs: [input], name: "TRANSPOSE")
      }
    } else if moves(axes, graph.shape(input)) {
      return false
    }
    guard graph.shape(input).elementCount == graph.shape(output).elementCount else { return false }
    return graph.replace(
      position, and: member.map { [$0] } ?? [], by: Reinterpretation(shape: graph.shape(output)), inputs: [input],
      name: "RESHAPE")
  }

  private func transposition(_ position: Int, _ graph: FusionGraph) -> (TensorID, [Int])? {
    guard let input = graph.input(position, 0), graph.type(input).element.bitWidth >= 8 else { return nil }
    if let copy = graph.operation(position, PermutedCopy.self) { return (input, copy.axes) }
    guard graph.operation(position, Transpose.self) != nil, let named = graph.integers(graph.input(position, 1)),
      let axes = try? Transpose.permutation(named, rank: graph.shape(input).rank)
    else { return nil }
    return (input, axes)
  }

  /// Whether a permutation changes the order of the elements.
  private func moves(_ axes: [Int], _ shape: Shape) -> Bool {
    let long = axes.filter { shape[$0] != 1 }
    return zip(long, long.dropFirst()).contains { $0 > $1 }
  }
}
