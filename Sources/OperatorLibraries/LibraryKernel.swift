internal import COperatorInterface
internal import Kernels
internal import TensorTypes

/// An operator of a library, prepared.
@safe final class LibraryKernel: @unchecked Sendable {
  private let operation: LibraryOperator
  private let description: NodeDescription
  private let state: UnsafeMutableRawPointer?

  /// Takes over the state.
  init(_ operation: LibraryOperator, _ description: NodeDescription, state: UnsafeMutableRawPointer?) {
    self.operation = operation
    self.description = description
    unsafe self.state = state
  }

  deinit {
    if let state = unsafe state { unsafe operation.kind.functions.release?(operation.instance, state) }
  }

  func invoke(_ io: Operands, scratchCount: Int) throws(OperatorError) {
    guard let invoke = unsafe operation.kind.functions.invoke else { return }
    let inputs = io.inputCount
    let outputs = io.outputCount
    let call = unsafe withUnsafeTemporaryAllocation(
      of: tflite_memory.self, capacity: inputs + outputs + scratchCount + 1
    ) { memory in
      for index in 0..<inputs {
        let bytes = unsafe io.inputBytes(index)
        let data = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        unsafe memory.initializeElement(at: index, to: tflite_memory(data: data, size: bytes.count))
      }
      for index in 0..<outputs {
        let bytes = unsafe io.outputBytes(index)
        unsafe memory.initializeElement(
          at: inputs + index, to: tflite_memory(data: bytes.baseAddress, size: bytes.count))
      }
      for index in 0..<scratchCount {
        let bytes = unsafe io.scratchBytes(index)
        unsafe memory.initializeElement(
          at: inputs + outputs + index, to: tflite_memory(data: bytes.baseAddress, size: bytes.count))
      }
      let start = unsafe UnsafePointer(memory.baseAddress)
      return unsafe withUnsafePointer(to: io) { io in
        var host = unsafe tflite_host(
          context: UnsafeMutableRawPointer(mutating: UnsafeRawPointer(io)), parallel_for: parallelFor,
          should_stop: shouldStop)
        return unsafe withUnsafePointer(to: &host) { host in
          var invocation = unsafe tflite_invocation(
            node: UnsafePointer(description.node), inputs: start, outputs: start.map { unsafe $0 + inputs },
            scratch: start.map { unsafe $0 + (inputs + outputs) }, host: host)
          return unsafe LibraryCall { error in unsafe invoke(operation.instance, state, &invocation, error) }
        }
      }
    }
    guard !call.isSuccess else { return }
    // The caller's wish explains whatever the library says.
    try io.context.checkStop()
    throw call.error(in: operation.kind.file.name, function: "invoke", isRunning: true)
  }
}

/// A body of a library's loop.
@safe private struct LoopBody: @unchecked Sendable {
  let function: @convention(c) (UnsafeMutableRawPointer?, Int, Int) -> Void
  let argument: UnsafeMutableRawPointer?
}

/// The operands of the run that a library was given.
private func operands(_ host: UnsafePointer<tflite_host>?) -> Operands? {
  unsafe host?.pointee.context.map { unsafe $0.assumingMemoryBound(to: Operands.self).pointee }
}

private func parallelFor(
  _ host: UnsafePointer<tflite_host>?, _ count: Int, _ grain: Int,
  _ body: (@convention(c) (UnsafeMutableRawPointer?, Int, Int) -> Void)?, _ argument: UnsafeMutableRawPointer?
) -> tflite_status {
  guard let io = unsafe operands(host), let function = unsafe body, (0...1 << 48).contains(count) else {
    return Int32(TFLITE_INVALID_VALUE)
  }
  let loop = unsafe LoopBody(function: function, argument: argument)
  // A grain that does not fit in an Int arrives as a negative number. So many ranges are enough for anybody, and few enough to be walked through
  // once the invocation is cancelled.
  let grain = grain < 0 ? count : min(max(grain, count >> 16), count)
  do throws(OperatorError) {
    try io.parallel(count, grain: grain) { range in
      unsafe loop.function(loop.argument, range.lowerBound, range.upperBound)
    }
    return Int32(TFLITE_OK)
  } catch {
    return Int32(TFLITE_CANCELLED)
  }
}

private func shouldStop(_ host: UnsafePointer<tflite_host>?) -> Int32 {
  unsafe operands(host)?.context.shouldStop == true ? 1 : 0
}
