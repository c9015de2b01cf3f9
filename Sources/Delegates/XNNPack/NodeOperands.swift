internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// A node's operands, read with the checks that all lowered operators share: every tensor has elements and a size that fits, and what must be
/// constant is.
struct NodeOperands {
  let node: DelegateNode

  /// An input that must be there.
  func input(_ index: Int) throws(Refusal) -> DelegateOperand {
    guard index < node.inputs.count, let operand = node.inputs[index] else {
      throw Refusal("input \(index) is missing")
    }
    try Self.check(operand, "input \(index)")
    return operand
  }

  /// An input that the model may leave out.
  func optionalInput(_ index: Int) throws(Refusal) -> DelegateOperand? {
    guard index < node.inputs.count, node.inputs[index] != nil else { return nil }
    return try input(index)
  }

  /// The only output.
  func output() throws(Refusal) -> DelegateOperand {
    guard node.outputs.count == 1 else { throw Refusal("has \(node.outputs.count) outputs, not one") }
    try Self.check(node.outputs[0], "the output")
    return node.outputs[0]
  }

  /// An output that must be there.
  func output(_ index: Int) throws(Refusal) -> DelegateOperand {
    guard index < node.outputs.count else { throw Refusal("output \(index) is missing") }
    try Self.check(node.outputs[index], "output \(index)")
    return node.outputs[index]
  }

  /// The bytes of an input that must be constant.
  func constant(_ index: Int, _ what: String) throws(Refusal) -> SharedBytes {
    try weights(index, what).bytes
  }

  /// The value of an input that must be constant, as interpreters of the model share it.
  func weights(_ index: Int, _ what: String) throws(Refusal) -> Constant {
    let operand = try input(index)
    guard let constant = operand.constant else { throw Refusal("\(what) must be constant") }
    guard let count = operand.type.byteCount, constant.bytes.count >= count else {
      throw Refusal("\(what) has fewer bytes than \(operand.type)")
    }
    return constant
  }

  /// The values of a constant input of type `int32` or `int64`.
  func integers(_ index: Int, _ what: String) throws(Refusal) -> [Int] {
    let type = try input(index).type
    let bytes = try constant(index, what)
    let count = type.shape.elementCount
    guard count <= 64 else { throw Refusal("\(what) has \(count) elements") }
    let span = bytes.span
    switch type.element {
    case .int32:
      return (0..<count).map { Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)) }
    case .int64:
      return (0..<count).map { Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
    default: throw Refusal("\(what) must be int32 or int64, not \(type.element)")
    }
  }

  /// Where a running operator finds an input.
  func source(_ index: Int) throws(Refusal) -> OperatorPlan.Source {
    let operand = try input(index)
    guard operand.constant != nil else { return .tensor(operand.tensor) }
    return .constant(try weights(index, "input \(index)"))
  }

  /// Bytes of the largest tensor that is taken: sizes and strides of neighbouring tensors then never overflow.
  private static let maximumBytes = 1 << 40

  private static func check(_ operand: DelegateOperand, _ what: String) throws(Refusal) {
    guard operand.type.shape.elementCount > 0 else { throw Refusal("\(what) \(operand.type) has no elements") }
    guard let bytes = operand.type.byteCount, bytes <= maximumBytes else {
      throw Refusal("\(what) \(operand.type) has no size that this library takes")
    }
  }
}
