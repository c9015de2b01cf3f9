internal import Kernels

/// `MUL(x, RSQRT(ADD(MEAN(MUL(x, x)), epsilon)))` along the last axis, with reshapes of what has one element per row, and optionally `MUL` by a
/// scale of one element per column.
struct FuseRootMeanSquareNormalization: FusionPass {
  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    if Affine.extend(position, &graph, centers: false) { return false }
    guard let product = graph.operation(position, Mul.self), product.activation == .none else { return false }
    for (x, factors) in graph.operands(position) {
      guard graph.isPerRow(factors, of: x), let factor = graph.origin(factors) else { continue }
      if Statistics.replace(position, x: x, factor: factor.tensor, mean: nil, members: factor.reshapes, &graph) {
        return true
      }
    }
    return false
  }
}
