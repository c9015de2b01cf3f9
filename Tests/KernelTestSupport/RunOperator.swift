import FlatBuffers
import Kernels
import TensorTypes
import Testing

/// Infers, prepares and invokes an operator as the runtime does.
///
/// Inputs, outputs and scratch each get memory of their own with guard bytes behind, which must be untouched afterwards; outputs start
/// filled with a pattern.
/// - Parameters:
///   - inputs: nil for an optional input that is left out.
///   - outputs: declared element type and quantisation of each output; shapes come from the operator.
///   - outputShapes: declared shapes of the outputs; scalars when empty.
///   - bodies: the operators of the subgraphs that the options name.
///   - companions: other constants of the model that quantisations name, by their index.
///   - shared: an input whose memory output 0 overwrites; both must have the same size.
public func run(
  _ operation: any Operator, _ inputs: [TestTensor?], outputs: [(ElementType, Quantization)], threads: Int = 1,
  outputShapes: [Shape] = [], bodies: [[OperatorDefinition.Identity]] = [], companions: [Int: TestTensor] = [:],
  shared: Int? = nil, sourceLocation: SourceLocation = #_sourceLocation
) throws -> [TestTensor] {
  let constants = try inputs.map { tensor -> Constant? in
    guard let tensor, tensor.isConstant else { return nil }
    return Constant(try SharedBytes(copying: tensor.bytes.span.bytes))
  }
  let others = try companions.mapValues {
    (type: $0.type, constant: Constant(try SharedBytes(copying: $0.bytes.span.bytes)))
  }
  let guardBytes = 64
  var memory: [UnsafeMutableRawBufferPointer] = []
  defer { for buffer in memory { buffer.deallocate() } }
  func allocate(_ count: Int) -> OperandSlot {
    let address = UnsafeMutableRawPointer.allocate(byteCount: count + guardBytes, alignment: 64)
    let buffer = UnsafeMutableRawBufferPointer(start: address, count: count + guardBytes)
    buffer.initializeMemory(as: UInt8.self, repeating: 0xA5)
    memory.append(buffer)
    return OperandSlot(address: address, byteCount: count)
  }
  var cells: [StringCell] = []
  func stringSlot(_ value: StringArray) -> OperandSlot {
    cells.append(StringCell(value))
    // Keeps one guarded buffer for each slot.
    _ = allocate(0)
    return OperandSlot(strings: cells[cells.count - 1])
  }
  var slots: [OperandSlot] = try inputs.map { tensor in
    if let tensor, tensor.type.element == .string {
      return stringSlot(try StringArray(copying: tensor.bytes.span.bytes))
    }
    let slot = allocate(tensor?.bytes.count ?? 0)
    if let tensor {
      tensor.bytes.withUnsafeBytes {
        slot.address.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(slot.address), byteCount: $0.count)
      }
    }
    return slot
  }
  let values = zip(inputs, zip(constants, slots)).map { tensor, pair -> NodeContext.Value in
    if let constant = pair.0 { return .constant(constant) }
    if let strings = pair.1.stringArray { return .constant(Constant(strings.bytes)) }
    return tensor == nil ? .unknown : .computed(UnsafeRawBufferPointer(start: pair.1.address, count: pair.1.byteCount))
  }
  var declared = outputs.enumerated().map { index, output in
    TensorType(
      element: output.0, shape: index < outputShapes.count ? outputShapes[index] : .scalar, quantization: output.1)
  }
  if let elements = operation.outputElements(inputs.map { $0?.type }) {
    for (index, element) in zip(declared.indices, elements) { declared[index].element = element }
  }
  let shapes = try operation.inferShapes(
    NodeContext(
      inputs: inputs.map { $0?.type }, outputs: declared, values: values, threads: threads,
      bodies: bodies, companion: { others[$0] }))
  try #require(shapes.count == outputs.count, sourceLocation: sourceLocation)
  let types = zip(declared, shapes).map { $0.with(shape: $1) }
  let preparing = zip(values, constants).map { value, constant -> NodeContext.Value in
    constant.map { .constant($0) } ?? .unknown
  }
  let kernel = try operation.prepareKernel(
    NodeContext(
      inputs: inputs.map { $0?.type }, outputs: types, values: preparing, threads: threads,
      bodies: bodies, companion: { others[$0] }))
  slots += try types.map { $0.element == .string ? stringSlot(try StringArray.empty()) : allocate($0.byteCount ?? 0) }
  if let shared {
    try #require(slots[shared].byteCount == slots[inputs.count].byteCount, sourceLocation: sourceLocation)
    slots[inputs.count] = slots[shared]
  }
  slots += kernel.scratch.map { allocate($0) }
  let context = ExecutionContext(threadPool: ThreadPool(count: threads))
  try slots.withUnsafeBufferPointer { buffer in
    try kernel.invoke(
      Operands(
        slots: #require(buffer.baseAddress), inputCount: inputs.count, outputCount: outputs.count, context: context))
  }
  for (slot, buffer) in zip(slots, memory) {
    #expect(
      buffer[slot.byteCount...].allSatisfy { $0 == 0xA5 }, "wrote behind an operand", sourceLocation: sourceLocation)
  }
  defer { withExtendedLifetime(cells) {} }
  return try types.enumerated().map { index, type in
    let slot = slots[inputs.count + index]
    var result = try TestTensor([UInt8](), [0])
    result.type = type
    result.bytes =
      slot.stringArray.map { $0.layout }
      ?? Array(UnsafeRawBufferPointer(start: slot.address, count: slot.byteCount))
    return result
  }
}
