internal import Kernels
public import TensorTypes

// MARK: Real numbers in and out of quantised tensors

extension Interpreter {
  /// Writes real numbers to an input of a floating-point or quantised integer type: `q = round(real / scale) + zeroPoint`, ties away from zero,
  /// limited to the type's range; not-a-number becomes the zero point. Allocates if that is needed.
  ///
  /// - Throws: ``ModelError`` unless there are as many numbers as the input has elements, and those stand for real numbers.
  public func setInput(_ index: Int, real values: Span<Float>) throws(ModelError) {
    try allocate()
    let id = try inputID(index)
    let type = runner.type(of: id)
    let numbers = try located(id) { () throws(ModelError) in try RealNumbers(type) }
    guard values.count == type.shape.elementCount, let slot = runner.slot(of: id), slot.byteCount == type.byteCount
    else {
      throw ModelError(
        .invalidArgument,
        "input \(index) is \(type) and takes \(type.shape.elementCount) elements, not \(values.count)",
        at: .init(tensor: id.index, tensorName: runner.graph[id].name))
    }
    unsafe numbers.encode(values, into: slot.address)
  }

  /// Writes real numbers to an input; see ``setInput(_:real:)-(_,Span<Float>)``.
  public func setInput(_ index: Int, real values: [Float]) throws(ModelError) {
    try setInput(index, real: values.span)
  }

  /// Reads an output of a floating-point or quantised integer type as real numbers, `scale * (q - zeroPoint)`, into `target`.
  ///
  /// - Throws: ``ModelError`` unless `target` has as many elements as the output, those stand for real numbers, and are computed.
  public func readOutput(_ index: Int, into target: inout MutableSpan<Float>) throws(ModelError) {
    let id = try outputID(index)
    let type = runner.type(of: id)
    guard runner.hasOutputs, let slot = runner.slot(of: id), slot.byteCount == type.byteCount else {
      throw ModelError(.invalidState, "there are no outputs before an invocation succeeds")
    }
    let numbers = try located(id) { () throws(ModelError) in try RealNumbers(type) }
    guard target.count == type.shape.elementCount else {
      throw ModelError(
        .invalidArgument, "output \(index) is \(type) and has \(type.shape.elementCount) elements, not \(target.count)",
        at: .init(tensor: id.index, tensorName: runner.graph[id].name))
    }
    unsafe numbers.decode(UnsafeRawPointer(slot.address), into: &target)
  }

  /// An output of a floating-point or quantised integer type as real numbers, `scale * (q - zeroPoint)`.
  ///
  /// - Throws: ``ModelError`` unless its elements stand for real numbers and are computed.
  public func realOutput(_ index: Int) throws(ModelError) -> [Float] {
    let count = runner.type(of: try outputID(index)).shape.elementCount
    guard runner.hasOutputs else {
      throw ModelError(.invalidState, "there are no outputs before an invocation succeeds")
    }
    var result = [Float](repeating: 0, count: count)
    var span = result.mutableSpan
    try readOutput(index, into: &span)
    return result
  }

  private func located<R>(_ id: TensorID, _ body: () throws(ModelError) -> R) throws(ModelError) -> R {
    do throws(ModelError) { return try body() } catch {
      throw ModelError(
        error.kind, error.message, at: .init(tensor: id.index, tensorName: runner.graph[id].name))
    }
  }
}

extension Tensor {
  /// A tensor of real numbers in a floating-point or quantised type, with which an ``InterpreterPool`` can be called; nil unless there are as many
  /// numbers as the type has elements, and those stand for real numbers.
  public init?(real values: [Float], type: TensorType) {
    guard values.count == type.shape.elementCount, let count = type.byteCount, let numbers = try? RealNumbers(type)
    else {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: count)
    unsafe bytes.withUnsafeMutableBytes { target in
      if let start = target.baseAddress { unsafe numbers.encode(values.span, into: start) }
    }
    self.init(type: type, bytes: bytes)
  }
}
