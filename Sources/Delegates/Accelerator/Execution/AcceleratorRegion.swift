internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// A partition that runs on the CPU in place of the accelerator: the built-in kernels, one after the other, with floats rounded as the
/// accelerator's are.
@safe final class AcceleratorRegion: CompiledRegion {
  /// Which values are rounded to `float16`.
  enum Rounding: Hashable {
    case none
    case float16
  }

  private struct Step {
    let name: String
    let kernel: Kernel
    let inputs: [Source]
    let outputs: [DelegateOperand]
    /// Where the kernel's scratch buffers begin in the region's.
    let scratch: [(offset: Int, count: Int)]
  }

  /// Where a step reads an operand.
  private enum Source {
    case missing
    case tensor(TensorID)
    case constant(SharedBytes)
    /// A rounded copy of a region input in the scratch memory.
    case copy(offset: Int, count: Int)
  }

  private struct Copy {
    let tensor: TensorID
    let offset: Int
    let count: Int
  }

  private var steps: [Step] = []
  private var copies: [Copy] = []
  private let rounding: Rounding
  private let log: AcceleratorLog?
  private let logsOperators: Bool
  let scratchBytes: Int
  private var slots: [OperandSlot] = []
  private var firstSlot: [Int] = []
  private var copySlots: [(from: OperandSlot, to: OperandSlot)] = []
  /// Slots of outputs to round, by step.
  private var roundedSlots: [[OperandSlot]] = []

  var needsInternals: Bool { true }
  /// Rounding changes a tensor's memory, which nobody else may hold.
  var sharesViews: Bool { rounding == .none }

  /// - Throws: ``DelegateError`` when a kernel cannot be prepared.
  ///
  /// - Parameter log: where runs are recorded, with profiling on.
  init(
    _ region: DelegateRegion, rounding: Rounding, constants: CompiledConstants, log: AcceleratorLog,
    profiling: AcceleratorOptions.Profiling = .off
  ) throws(DelegateError) {
    self.rounding = rounding
    self.log = profiling == .off ? nil : log
    logsOperators = profiling == .perOperator
    var bytes = 0
    func reserve(_ count: Int) throws(DelegateError) -> Int {
      let offset = bytes
      let (sum, overflow) = bytes.addingReportingOverflow(count)
      guard count >= 0, !overflow, sum <= Int.max - 64 else { throw DelegateError("too much scratch memory") }
      bytes = (sum + 63) / 64 * 64
      return offset
    }
    var copied: [TensorID: Source] = [:]
    if rounding == .float16 {
      for input in region.inputs where input.type.element == .float32 {
        guard let count = input.type.byteCount else { continue }
        let offset = try reserve(count)
        copies.append(Copy(tensor: input.tensor, offset: offset, count: count))
        copied[input.tensor] = .copy(offset: offset, count: count)
      }
    }
    // Scratch buffers of different steps share memory.
    let kernelStart = bytes
    var largest = bytes
    for (index, node) in region.nodes.enumerated() {
      bytes = kernelStart
      var sources: [Source] = []
      var values: [NodeContext.Value] = []
      for (position, operand) in node.inputs.enumerated() {
        guard let operand else {
          sources.append(.missing)
          values.append(.unknown)
          continue
        }
        if let rounded = constants.constant(node: index, input: position, of: operand) {
          sources.append(.constant(rounded.bytes))
          values.append(.constant(rounded))
        } else {
          sources.append(copied[operand.tensor] ?? .tensor(operand.tensor))
          values.append(.unknown)
        }
      }
      let context = NodeContext(
        inputs: node.inputs.map { $0?.type }, outputs: node.outputs.map(\.type), values: values,
        threads: region.threadPool.count)
      let kernel: Kernel
      do throws(OperatorError) { kernel = try node.operation.prepareKernel(context) } catch {
        throw DelegateError("operator \(node.origin.index) \(node.name): \(error)")
      }
      var scratch: [(offset: Int, count: Int)] = []
      for count in kernel.scratch { scratch.append((try reserve(count), count)) }
      largest = max(largest, bytes)
      steps.append(Step(name: node.name, kernel: kernel, inputs: sources, outputs: node.outputs, scratch: scratch))
    }
    scratchBytes = largest
  }

  func bind(_ memory: RegionMemory) throws(DelegateError) {
    slots = []
    firstSlot = []
    copySlots = []
    roundedSlots = []
    let scratch = unsafe memory.scratchBytes
    func scratchSlot(_ offset: Int, _ count: Int) throws(DelegateError) -> OperandSlot {
      guard let base = scratch.baseAddress, offset >= 0, count >= 0, offset <= scratch.count - count else {
        throw DelegateError("scratch memory is missing")
      }
      return unsafe OperandSlot(address: base + offset, byteCount: count)
    }
    func slot(_ tensor: TensorID) throws(DelegateError) -> OperandSlot {
      guard let buffer = unsafe memory.bytes(of: tensor), let base = buffer.baseAddress else {
        throw DelegateError("\(tensor) has no memory")
      }
      return unsafe OperandSlot(address: base, byteCount: buffer.count)
    }
    for copy in copies { copySlots.append((try slot(copy.tensor), try scratchSlot(copy.offset, copy.count))) }
    for step in steps {
      firstSlot.append(slots.count)
      for source in step.inputs {
        switch source {
        case .missing: slots.append(try scratchSlot(0, 0))
        case .tensor(let tensor): slots.append(try slot(tensor))
        case .copy(let offset, let count): slots.append(try scratchSlot(offset, count))
        case .constant(let bytes):
          // Kernels never write to inputs.
          slots.append(
            unsafe OperandSlot(address: UnsafeMutableRawPointer(mutating: bytes.baseAddress), byteCount: bytes.count))
        }
      }
      var rounded: [OperandSlot] = []
      for output in step.outputs {
        let place = try slot(output.tensor)
        slots.append(place)
        if rounding == .float16, output.type.element == .float32 { rounded.append(place) }
      }
      roundedSlots.append(rounded)
      for scratch in step.scratch { slots.append(try scratchSlot(scratch.offset, scratch.count)) }
    }
  }

  func invoke(_ context: ExecutionContext) throws(DelegateError) {
    try run(context, takesTimes: logsOperators) { _, _, _ in }
  }

  func invoke(_ context: ExecutionContext, nodeRan: (_ position: Int, _ start: UInt64, _ end: UInt64) -> Void)
    throws(DelegateError)
  { try run(context, takesTimes: true, nodeRan: nodeRan) }

  private func run(
    _ context: ExecutionContext, takesTimes: Bool, nodeRan: (_ position: Int, _ start: UInt64, _ end: UInt64) -> Void
  ) throws(DelegateError) {
    let start = log == nil ? 0 : ExecutionContext.now()
    defer { log?.add(.partitionRan(operators: steps.count, nanoseconds: ExecutionContext.now() - start)) }
    for pair in copySlots {
      let count = min(pair.from.byteCount, pair.to.byteCount)
      unsafe pair.to.address.copyMemory(from: pair.from.address, byteCount: count)
      Self.round(pair.to)
    }
    for (index, step) in steps.enumerated() {
      if context.shouldStop { return }
      let begin = takesTimes ? ExecutionContext.now() : 0
      let failure: OperatorError? = unsafe slots.withUnsafeBufferPointer { slots in
        guard let base = slots.baseAddress else { return nil }
        let operands = unsafe Operands(
          slots: base + firstSlot[index], inputCount: step.inputs.count, outputCount: step.outputs.count,
          context: context)
        do throws(OperatorError) {
          try step.kernel.invoke(operands)
          return nil
        } catch {
          return error
        }
      }
      if let failure { throw DelegateError("\(failure)") }
      for slot in roundedSlots[index] { Self.round(slot) }
      guard takesTimes else { continue }
      let end = ExecutionContext.now()
      nodeRan(index, begin, end)
      if logsOperators { log?.add(.operatorRan(name: step.name, nanoseconds: end - begin)) }
    }
  }

  private static func round(_ slot: OperandSlot) {
    let buffer = unsafe UnsafeMutableRawBufferPointer(start: slot.address, count: slot.byteCount / 4 * 4)
    var values = unsafe buffer.assumingMemoryBound(to: Float.self).mutableSpan
    Float16Rounding.round(&values)
  }
}
