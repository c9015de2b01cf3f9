import FlatBuffers
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Prepares an operator with one output and constant inputs, and invokes it several times in one interpreter's context; with `anew` it is prepared
/// anew for each invocation, as when shapes change.
func invoke(
  _ operation: any Operator, _ inputs: [TestTensor], output: ElementType, times: Int, anew: Bool = false,
  threads: Int = 1,
  context: ExecutionContext? = nil
) throws -> [TestTensor] {
  let context = context ?? ExecutionContext(threadPool: ThreadPool(count: threads))
  let constants = try inputs.map { Constant(try SharedBytes(copying: $0.bytes.span.bytes)) }
  func node(_ shape: Shape) -> NodeContext {
    NodeContext(
      inputs: inputs.map { $0.type }, outputs: [TensorType(element: output, shape: shape)],
      values: constants.map { .constant($0) }, threads: threads)
  }
  let shape = try operation.infer(node(.scalar))[0]
  var kernel = try operation.prepare(node(shape))
  let type = TensorType(element: output, shape: shape)
  var memory = (inputs.map { $0.bytes.count } + [type.byteCount ?? 0] + kernel.scratch).map {
    [UInt8](repeating: 0, count: max($0, 1))
  }
  for (index, input) in inputs.enumerated() { memory[index].replaceSubrange(0..<input.bytes.count, with: input.bytes) }
  return try (0..<times).map { _ in
    if anew { kernel = try operation.prepare(node(shape)) }
    let buffers = memory.map { bytes in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
      buffer.copyBytes(from: bytes)
      return buffer
    }
    defer { for buffer in buffers { buffer.deallocate() } }
    let sizes = inputs.map { $0.bytes.count } + [type.byteCount ?? 0] + kernel.scratch
    let slots = try zip(buffers, sizes).map { OperandSlot(address: try #require($0.baseAddress), byteCount: $1) }
    try slots.withUnsafeBufferPointer {
      try kernel.invoke(
        Operands(slots: #require($0.baseAddress), inputCount: inputs.count, outputCount: 1, context: context))
    }
    var result = try TestTensor([UInt8](), [0])
    result.type = type
    result.bytes = Array(UnsafeRawBufferPointer(buffers[inputs.count]).prefix(type.byteCount ?? 0))
    return result
  }
}
