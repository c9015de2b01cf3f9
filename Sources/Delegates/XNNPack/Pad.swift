internal import CXNNPack
internal import FlatBuffers
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `PAD` and `PADV2` with constant paddings: elements of one, two or four bytes, rank up to 6.
  static func pad(_ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let input = try operands.input(0).type
    let output = try operands.output()
    let rank = input.shape.rank
    guard rank > 0, rank <= XNNPackLibrary.maximumRank else {
      throw Refusal("rank \(rank); 1 to \(XNNPackLibrary.maximumRank) are taken")
    }
    let paddings = try operands.integers(1, "the paddings")
    guard paddings.count == 2 * rank, output.type.shape.rank == rank, output.type.element == input.element else {
      throw Refusal("\(paddings.count) paddings, input \(input) and output \(output.type) do not belong together")
    }
    var before: [Int] = []
    var after: [Int] = []
    for axis in 0..<rank {
      let (pre, post) = (paddings[2 * axis], paddings[2 * axis + 1])
      guard pre >= 0, post >= 0, pre <= Int(Int32.max), post <= Int(Int32.max),
        output.type.shape[axis] == pre + input.shape[axis] + post
      else { throw Refusal("paddings \(pre) and \(post) do not lead from \(input) to \(output.type)") }
      before.append(pre)
      after.append(post)
    }
    let width = input.element.bitWidth
    guard width == 8 || width == 16 || width == 32 else {
      throw Refusal("\(input.element) elements have no kernel; those of one, two and four bytes have")
    }
    if input.element == .int8 || input.element == .uint8 || input.element == .int16 && input.quantization != .none {
      try checkSameQuantization(input, output.type)
    }
    let value = try paddingValue(operands, input, output.type)
    let dimensions = input.shape.dimensions
    return unsafe OperatorPlan(
      name: node.name, inputs: [try operands.source(0)], output: output.tensor,
      action: .run(
        create: { handle in
          unsafe withUnsafeBytes(of: value.littleEndian) { bytes in
            switch width {
            case 8: unsafe xnn_create_constant_pad_nd_x8(bytes.baseAddress, 0, handle)
            case 16: unsafe xnn_create_constant_pad_nd_x16(bytes.baseAddress, 0, handle)
            default: unsafe xnn_create_constant_pad_nd_x32(bytes.baseAddress, 0, handle)
            }
          }
        },
        setUp: { handle, at in
          let setUp =
            switch width {
            case 8: unsafe xnn_setup_constant_pad_nd_x8
            case 16: unsafe xnn_setup_constant_pad_nd_x16
            default: unsafe xnn_setup_constant_pad_nd_x32
            }
          return unsafe setUp(handle, rank, dimensions, before, after, at.inputs[0], at.output, at.threadPool)
        }))
  }

  /// The element that is padded with, in the lowest bits.
  private static func paddingValue(
    _ operands: NodeOperands, _ input: TensorType, _ output: TensorType
  ) throws(Refusal) -> UInt32 {
    if try operands.optionalInput(2) != nil {
      let type = try operands.input(2).type
      guard type.element == input.element, type.shape.elementCount == 1 else {
        throw Refusal("the padding value \(type) is not one \(input.element)")
      }
      if type.quantization != .none { try checkSameQuantization(type, output) }
      let bytes = try operands.constant(2, "the padding value")
      if input.element.bitWidth == 8 {
        return UInt32(unsafe bytes.span.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt8.self))
      }
      if input.element.bitWidth == 16 {
        return UInt32(unsafe bytes.span.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt16.self))
      }
      return unsafe bytes.span.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self)
    }
    guard input.element == .int8 || input.element == .uint8, output.quantization != .none else { return 0 }
    let zeroPoint = try TensorQuantization(output, "the output").zeroPoint
    return UInt32(UInt8(truncatingIfNeeded: zeroPoint))
  }
}
