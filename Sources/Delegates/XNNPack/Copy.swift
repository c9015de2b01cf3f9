internal import FlatBuffers
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `RESHAPE`, `SQUEEZE`, `EXPAND_DIMS`: the output has the input's bytes. Where both have one address nothing runs.
  static func copy(_ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let input = try operands.input(0).type
    let output = try operands.output()
    guard let bytes = input.byteCount, output.type.byteCount == bytes, input.element == output.type.element else {
      throw Refusal("input \(input) and output \(output.type) have different sizes")
    }
    return OperatorPlan(
      name: node.name, inputs: [try operands.source(0)], output: output.tensor, action: .copy(byteCount: bytes))
  }
}
