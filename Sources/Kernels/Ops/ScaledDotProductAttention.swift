public import TensorTypes

/// `odml.scaled_dot_product_attention`, a composite of LiteRT's generative models: `softmax(scale * query · keyᵀ + mask) · value` for each head.
///
/// Inputs (`float32`): query `[batch, length, heads, depth]`; key and value `[batch, span, groups, depth]`, where `groups` divides `heads` and a head uses the
/// group of its number; optional mask, added to the products `[batch, heads, length, span]` after broadcasting. Attributes: `scale`, `1/√depth` where it is
/// absent, and `logit_cap`, which bounds products smoothly by `cap * tanh(x / cap)` before the mask. The decomposition that some converters write for a single
/// group is wrong; this follows what LiteRT's XNNPACK delegate computes.
public struct ScaledDotProductAttention: Operator {
  public static let definition = OperatorDefinition(custom: "odml.scaled_dot_product_attention")

  /// nil for `1/√depth`.
  let scale: Float?
  let cap: Float?

  public init(options: OperatorOptions) throws(OperatorError) {
    let attributes = try FlexBufferOptions(options)
    scale = try attributes.has("scale") ? try attributes.float("scale") : nil
    cap = try attributes.has("logit_cap") ? try attributes.float("logit_cap") : nil
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3...4)
    let (query, key, value) = (try node.input(0), try node.input(1), try node.input(2))
    for type in [query, key, value] + [node.optionalInput(3), try node.output(0)].compactMap({ $0 })
    where type.element != .float32 {
      throw .unsupported("\(type.element) operands; float32 is supported")
    }
    guard query.shape.rank == 4, key.shape.rank == 4, value.shape == key.shape, query.shape[0] == key.shape[0],
      query.shape[3] == key.shape[3], key.shape[2] > 0, query.shape[2] % key.shape[2] == 0
    else {
      throw .malformed("query \(query.shape), key \(key.shape) and value \(value.shape) do not fit")
    }
    if let mask = node.optionalInput(3)?.shape {
      let logits = [query.shape[0], query.shape[2], query.shape[1], key.shape[1]]
      guard mask.rank <= 4,
        zip(mask.dimensions.reversed(), logits.reversed()).allSatisfy({ $0 == $1 || $0 == 1 })
      else { throw .malformed("the mask \(mask) does not broadcast to \(logits)") }
    }
    return [query.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let query = try node.input(0).shape
    let key = try node.input(1).shape
    let (length, heads, depth) = (query[1], query[2], query[3])
    let (span, groups) = (key[1], key[2])
    let perGroup = heads / groups
    let scale = scale ?? 1 / Float(depth).squareRoot()
    let cap = cap
    // Distances between the mask's elements along each dimension of the products, 0 where it is repeated.
    var maskSteps = [0, 0, 0, 0]
    if let mask = node.optionalInput(3)?.shape {
      var step = 1
      for axis in (0..<mask.rank).reversed() {
        if mask[axis] != 1 { maskSteps[axis + 4 - mask.rank] = step }
        step *= mask[axis]
      }
    }
    let steps = (maskSteps[0], maskSteps[1], maskSteps[2], maskSteps[3])
    let hasMask = node.hasInput(3)
    let rows = query[0] * heads * length
    guard rows > 0, depth > 0 else { return Kernel { _ throws(OperatorError) in } }
    let workers = node.threads
    let (scratchBytes, overflow) = span.multipliedReportingOverflow(by: workers * 4)
    guard !overflow else { throw .malformed("the key \(key) is too large") }
    return Kernel(scratch: [max(scratchBytes, 4)]) { io throws(OperatorError) in
      try io.forEachTile(rows, workers: workers) { row, worker in
        if io.context.shouldStop { return }
        let position = row % length
        let head = row / length % heads
        let batch = row / (length * heads)
        let start = ((batch * length + position) * heads + head) * depth
        var output = io.output(0, as: Float.self, in: start..<start + depth)
        for i in output.indices { output[i] = 0 }
        guard span > 0 else { return }
        let queryRow = io.input(0, as: Float.self, in: start..<start + depth)
        var weights = io.scratch(0, as: Float.self, in: worker * span..<(worker + 1) * span)
        let first = (batch * span * groups + head / perGroup) * depth
        for item in 0..<span {
          let from = first + item * groups * depth
          var product = dot(queryRow, io.input(1, as: Float.self, in: from..<from + depth)) * scale
          if let cap { product = FloatFunction.tanh.apply(product / cap) * cap }
          if hasMask {
            product +=
              io.input(3, as: Float.self)[
                batch * steps.0 + head * steps.1 + position * steps.2 + item * steps.3]
          }
          weights[item] = product
        }
        let total = SoftmaxRows.exponentials(&weights)
        for item in 0..<span {
          let weight = weights[item] / total
          let from = first + item * groups * depth
          let value = io.input(2, as: Float.self, in: from..<from + depth)
          precondition(value.count == output.count)
          for i in value.indices { output[i] += weight * value[i] }
        }
      }
    }
  }
}

/// The sum of products, in sixteen sums.
@inline(__always)
private func dot(_ a: Span<Float>, _ b: Span<Float>) -> Float {
  precondition(a.count == b.count)
  var lanes = SIMD16<Float>(repeating: 0)
  let (x, y) = unsafe (a.bytes, b.bytes)
  let vectors = a.count / 16
  for i in 0..<vectors {
    let left = unsafe x.unsafeLoadUnaligned(fromByteOffset: i &* 64, as: SIMD16<Float>.self)
    let right = unsafe y.unsafeLoadUnaligned(fromByteOffset: i &* 64, as: SIMD16<Float>.self)
    lanes += left * right
  }
  var sum = lanes.sum()
  for i in vectors &* 16..<a.count { sum += a[i] * b[i] }
  return sum
}
