import FlatBuffers
import Kernels
import TensorTypes
import Testing

/// One prepared operator that is invoked several times and keeps its variables in between.
///
/// Every operand has memory of its own with guard bytes behind, which must be untouched after each invocation.
public final class OperatorSession {
  private let kernel: Kernel
  private let context: ExecutionContext
  private var slots: [OperandSlot] = []
  private var memory: [UnsafeMutableRawBufferPointer] = []
  private let inputs: [TestTensor?]
  /// The outputs' types.
  public let outputs: [TensorType]

  private static let guardBytes = 64

  /// - Parameters:
  ///   - inputs: nil for an optional input that is left out; constants are ones that say so.
  ///   - variables: the inputs that are variables.
  ///   - outputs: declared element type and quantisation of each output.
  /// - Throws: what the operator throws.
  public init(
    _ operation: any Operator, _ inputs: [TestTensor?], variables: Set<Int>, intermediates: [TensorType] = [],
    outputs: [(ElementType, Quantization)], threads: Int = 1
  ) throws {
    self.inputs = inputs
    let values = try inputs.map { tensor -> NodeContext.Value in
      guard let tensor, tensor.isConstant else { return .unknown }
      return .constant(Constant(try SharedBytes(copying: tensor.bytes.span.bytes)))
    }
    func node(_ outputs: [TensorType]) -> NodeContext {
      NodeContext(
        inputs: inputs.map { $0?.type }, outputs: outputs, values: values, threads: threads,
        intermediates: intermediates, variables: variables)
    }
    let declared = outputs.map { TensorType(element: $0.0, shape: .scalar, quantization: $0.1) }
    let shapes = try operation.infer(node(declared))
    try #require(shapes.count == outputs.count)
    let types = zip(declared, shapes).map { $0.with(shape: $1) }
    self.outputs = types
    kernel = try operation.prepare(node(types))
    context = ExecutionContext(threadPool: ThreadPool(count: threads))
    for tensor in inputs {
      let slot = allocate(tensor?.bytes.count ?? 0)
      if let tensor { write(tensor, to: slot) }
    }
    for type in types { _ = allocate(type.byteCount ?? 0) }
    for bytes in kernel.scratch { _ = allocate(bytes) }
  }

  deinit {
    for buffer in memory { buffer.deallocate() }
  }

  private func allocate(_ count: Int) -> OperandSlot {
    let address = UnsafeMutableRawPointer.allocate(byteCount: count + Self.guardBytes, alignment: 64)
    let buffer = UnsafeMutableRawBufferPointer(start: address, count: count + Self.guardBytes)
    buffer.initializeMemory(as: UInt8.self, repeating: 0xA5)
    memory.append(buffer)
    let slot = OperandSlot(address: address, byteCount: count)
    slots.append(slot)
    return slot
  }

  private func write(_ tensor: TestTensor, to slot: OperandSlot) {
    tensor.bytes.withUnsafeBytes {
      slot.address.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(slot.address), byteCount: $0.count)
    }
  }

  /// Gives an input another value of the same type.
  public func set(_ index: Int, to tensor: TestTensor) throws {
    try #require(tensor.bytes.count == slots[index].byteCount)
    write(tensor, to: slots[index])
  }

  /// The value of an input, such as a variable.
  public func input<T: BitwiseCopyable>(_ index: Int, as type: T.Type) -> [T] { values(slots[index], type) }

  private func values<T: BitwiseCopyable>(_ slot: OperandSlot, _: T.Type) -> [T] {
    (0..<slot.byteCount / MemoryLayout<T>.stride).map {
      slot.address.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self)
    }
  }

  /// Runs the operator.
  public func invoke(sourceLocation: SourceLocation = #_sourceLocation) throws {
    for index in outputs.indices {
      let slot = slots[inputs.count + index]
      slot.address.initializeMemory(as: UInt8.self, repeating: 0xA5, count: slot.byteCount)
    }
    try slots.withUnsafeBufferPointer { buffer in
      try kernel.invoke(
        Operands(
          slots: #require(buffer.baseAddress), inputCount: inputs.count, outputCount: outputs.count, context: context))
    }
    for (slot, buffer) in zip(slots, memory) {
      #expect(
        buffer[slot.byteCount...].allSatisfy { $0 == 0xA5 }, "wrote behind an operand", sourceLocation: sourceLocation)
    }
  }

  /// The elements of an output.
  public func output<T: BitwiseCopyable>(_ index: Int = 0, as type: T.Type) -> [T] {
    values(slots[inputs.count + index], type)
  }
}
