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
    guard query.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    return try FloatAttention(
      query: query, key: try node.input(1).shape, mask: node.optionalInput(3)?.shape,
      scale: scale ?? 1 / Float(query[3]).squareRoot(), cap: cap, threads: node.threads
    ).kernel()
  }
}
