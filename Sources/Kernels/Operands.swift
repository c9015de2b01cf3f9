public import TensorTypes

/// The memory of one operand.
@safe @usableFromInline package struct OperandSlot {
  @usableFromInline package var address: UnsafeMutableRawPointer
  @usableFromInline package var byteCount: Int
  /// The value of a string tensor, whose slot has no bytes.
  package var strings: Unmanaged<StringCell>?

  @usableFromInline package init(address: UnsafeMutableRawPointer, byteCount: Int) {
    unsafe self.address = address
    self.byteCount = byteCount
    unsafe strings = nil
  }

  /// The same memory without its first bytes.
  package func skipping(_ bytes: Int) -> OperandSlot {
    precondition(bytes >= 0 && bytes <= byteCount)
    return unsafe OperandSlot(address: address + bytes, byteCount: byteCount - bytes)
  }

  /// The slot of a string tensor. Whoever makes it keeps the cell alive.
  package init(strings cell: StringCell) {
    // No byte of it is ever touched.
    unsafe address = UnsafeMutableRawPointer(Unmanaged.passUnretained(cell).toOpaque())
    byteCount = 0
    unsafe strings = Unmanaged.passUnretained(cell)
  }
}

/// The operands of one step while it runs. Spans are as long as the tensor has bytes: a kernel that reads past them is stopped, it cannot
/// reach other memory.
///
/// Valid only during the call it is passed to. Inputs and outputs overlap only as the operator's ``OperandSharing`` allows.
@safe public struct Operands: @unchecked Sendable {
  @usableFromInline var slots: UnsafePointer<OperandSlot>
  public internal(set) var inputCount: Int
  public internal(set) var outputCount: Int
  public let context: ExecutionContext

  /// - Parameter slots: inputs, then outputs, then scratch buffers. A missing optional input has zero bytes.
  package init(slots: UnsafePointer<OperandSlot>, inputCount: Int, outputCount: Int, context: ExecutionContext) {
    unsafe self.slots = slots
    self.inputCount = inputCount
    self.outputCount = outputCount
    self.context = context
  }

  /// Turns to another step of the same invocation.
  package mutating func turn(to slots: UnsafePointer<OperandSlot>, inputCount: Int, outputCount: Int) {
    unsafe self.slots = slots
    self.inputCount = inputCount
    self.outputCount = outputCount
  }

  /// The elements of an input; empty when an optional input is missing.
  @inline(always) @_lifetime(borrow self)
  public func input<T: BitwiseCopyable>(_ index: Int, as type: T.Type) -> Span<T> {
    precondition(index >= 0 && index < inputCount)
    return span(unsafe slots[index])
  }

  /// The elements of an input in `range`.
  @inline(always) @_lifetime(borrow self)
  public func input<T: BitwiseCopyable>(_ index: Int, as type: T.Type, in range: Range<Int>) -> Span<T> {
    precondition(index >= 0 && index < inputCount)
    return span(unsafe part(slots[index], of: type, range))
  }

  /// The elements of a variable input, which the kernel updates.
  @inline(always) @_lifetime(borrow self)
  public func variable<T: BitwiseCopyable>(_ index: Int, as type: T.Type) -> MutableSpan<T> {
    precondition(index >= 0 && index < inputCount)
    return mutableSpan(unsafe slots[index])
  }

  /// The elements of an output.
  @inline(always) @_lifetime(borrow self)
  public func output<T: BitwiseCopyable>(_ index: Int, as type: T.Type) -> MutableSpan<T> {
    precondition(index >= 0 && index < outputCount)
    return mutableSpan(unsafe slots[inputCount + index])
  }

  /// The elements of an output in `range`.
  @inline(always) @_lifetime(borrow self)
  public func output<T: BitwiseCopyable>(_ index: Int, as type: T.Type, in range: Range<Int>) -> MutableSpan<T> {
    precondition(index >= 0 && index < outputCount)
    return mutableSpan(unsafe part(slots[inputCount + index], of: type, range))
  }

  /// The elements of a scratch buffer in `range`.
  @inline(always) @_lifetime(borrow self)
  public func scratch<T: BitwiseCopyable>(_ index: Int, as type: T.Type, in range: Range<Int>) -> MutableSpan<T> {
    precondition(index >= 0)
    return mutableSpan(unsafe part(slots[inputCount + outputCount + index], of: type, range))
  }

  /// A scratch buffer of the kernel.
  @inline(always) @_lifetime(borrow self)
  public func scratch<T: BitwiseCopyable>(_ index: Int, as type: T.Type) -> MutableSpan<T> {
    precondition(index >= 0)
    return mutableSpan(unsafe slots[inputCount + outputCount + index])
  }

  /// An input's memory as the runtime knows it.
  package func inputSlot(_ index: Int) -> OperandSlot {
    precondition(index >= 0 && index < inputCount)
    return unsafe slots[index]
  }

  /// An output's memory as the runtime knows it.
  package func outputSlot(_ index: Int) -> OperandSlot {
    precondition(index >= 0 && index < outputCount)
    return unsafe slots[inputCount + index]
  }

  /// The value of a string input.
  ///
  /// - Throws: `unsupported` when the input is missing or has elements of another type.
  public func strings(_ index: Int) throws(OperatorError) -> StringArray {
    guard index >= 0, index < inputCount, let value = unsafe slots[index].stringArray else {
      throw .unsupported("input \(index) must be strings")
    }
    return value
  }

  /// Sets the value of a string output, which must have as many strings as the tensor has elements.
  ///
  /// - Throws: `malformed` when the output has elements of another type.
  public func setStrings(_ index: Int, _ value: StringArray) throws(OperatorError) {
    guard index >= 0, index < outputCount else { throw .unsupported("there is no output \(index)") }
    try unsafe slots[inputCount + index].setStringArray(value)
  }

  /// An input's memory, for kernels in C.
  @inline(always)
  public func inputBytes(_ index: Int) -> UnsafeRawBufferPointer {
    precondition(index >= 0 && index < inputCount)
    let slot = unsafe slots[index]
    return unsafe UnsafeRawBufferPointer(start: slot.address, count: slot.byteCount)
  }

  /// An output's memory, for kernels in C.
  @inline(always)
  public func outputBytes(_ index: Int) -> UnsafeMutableRawBufferPointer {
    precondition(index >= 0 && index < outputCount)
    let slot = unsafe slots[inputCount + index]
    return unsafe UnsafeMutableRawBufferPointer(start: slot.address, count: slot.byteCount)
  }

  /// A scratch buffer's memory, for kernels in C.
  @inline(always)
  public func scratchBytes(_ index: Int) -> UnsafeMutableRawBufferPointer {
    precondition(index >= 0)
    let slot = unsafe slots[inputCount + outputCount + index]
    return unsafe UnsafeMutableRawBufferPointer(start: slot.address, count: slot.byteCount)
  }

  @inlinable
  func part<T: BitwiseCopyable>(_ slot: OperandSlot, of type: T.Type, _ range: Range<Int>) -> OperandSlot {
    let stride = MemoryLayout<T>.stride
    precondition(range.lowerBound >= 0 && range.upperBound <= slot.byteCount / stride)
    return unsafe OperandSlot(address: slot.address + range.lowerBound &* stride, byteCount: range.count &* stride)
  }

  @inlinable @_lifetime(borrow self)
  func span<T: BitwiseCopyable>(_ slot: OperandSlot) -> Span<T> {
    let span = unsafe Span<T>(
      _unsafeStart: UnsafePointer(slot.address.assumingMemoryBound(to: T.self)),
      count: slot.byteCount / MemoryLayout<T>.stride)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  @inlinable @_lifetime(borrow self)
  func mutableSpan<T: BitwiseCopyable>(_ slot: OperandSlot) -> MutableSpan<T> {
    let span = unsafe MutableSpan<T>(
      _unsafeStart: slot.address.assumingMemoryBound(to: T.self), count: slot.byteCount / MemoryLayout<T>.stride)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Calls `body` for ranges that together cover `0..<count`, over the interpreter's threads. Ranges run in no particular order and at
  /// the same time, so each must write only what belongs to it; inside `body`, ask for spans anew.
  ///
  /// - Parameters:
  ///   - count: how many indices there are.
  ///   - grain: the least number of indices worth handing to another thread. Between ranges the invocation can be stopped.
  ///   - body: does the work of one range.
  /// - Throws: `cancelled` or `deadlineExceeded`; the outputs are then incomplete.
  @inline(never)
  public func parallel(_ count: Int, grain: Int = 1, _ body: @Sendable (Range<Int>) -> Void) throws(OperatorError) {
    guard count > 0 else { return }
    let grain = max(grain, 1)
    let threads = context.threads
    let chunk: Int
    if threads == 1 {
      chunk = grain
    } else {
      // A few ranges per thread even out their speeds.
      chunk = max(grain, (count + 4 * threads - 1) / (4 * threads))
    }
    if chunk >= count {
      callClosure(0, count, body)
      return
    }
    let chunks = (count + chunk - 1) / chunk
    context.threadPool.parallelize(chunks) { index in
      if context.shouldStop { return }
      let start = index * chunk
      body(start..<min(start + chunk, count))
    }
    try context.checkStop()
  }
}
