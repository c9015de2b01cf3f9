internal import FlatBuffers
internal import Kernels
internal import TensorTypes

extension Interpreter {
  // MARK: Zero copy

  /// An input's memory, to be written in place before ``invoke(deadline:)``.
  ///
  /// The span is valid until the interpreter is resized or allocated anew. What is written stays until it is overwritten, also over
  /// several invocations.
  /// - Throws: ``ModelError`` when there is no such input or its elements are of another type.
  @_lifetime(borrow self)
  public func input<T: TensorScalar>(_ index: Int, as scalar: T.Type = T.self) throws(ModelError) -> MutableSpan<T> {
    try allocate()
    let id = try inputID(index)
    let slot = try checkedSlot(id, T.elementType, "input \(index)")
    let span = unsafe MutableSpan<T>(
      _unsafeStart: slot.address.assumingMemoryBound(to: T.self), count: slot.byteCount / MemoryLayout<T>.stride)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// An output's memory, to be read in place after ``invoke(deadline:)``. Valid until the next invocation, resize or allocation.
  ///
  /// - Throws: ``ModelError`` when there is no such output, its elements are of another type, or nothing was computed yet.
  @_lifetime(borrow self)
  public func output<T: TensorScalar>(_ index: Int, as scalar: T.Type = T.self) throws(ModelError) -> Span<T> {
    let id = try outputID(index)
    try requireOutputs()
    let slot = try checkedSlot(id, T.elementType, "output \(index)")
    let span = unsafe Span<T>(
      _unsafeStart: UnsafePointer(slot.address.assumingMemoryBound(to: T.self)),
      count: slot.byteCount / MemoryLayout<T>.stride)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  private func checkedSlot(_ id: TensorID, _ element: ElementType, _ what: String) throws(ModelError) -> OperandSlot {
    let type = runner.type(of: id)
    let place = ModelError.Location(tensor: id.index, tensorName: runner.graph[id].name)
    guard type.element == element else {
      throw ModelError(.invalidArgument, "\(what) has elements of type \(type.element), not \(element)", at: place)
    }
    guard let slot = runner.slot(of: id) else {
      throw ModelError(.invalidState, "\(what) has no memory yet", at: place)
    }
    return slot
  }

  private func requireOutputs() throws(ModelError) {
    guard runner.hasOutputs else {
      throw ModelError(.invalidState, "there are no outputs before an invocation succeeds")
    }
  }

  // MARK: Copies

  /// Copies bytes into an input.
  ///
  /// - Throws: ``ModelError`` unless there are as many bytes as the input has.
  public func setInput(_ index: Int, bytes: RawSpan) throws(ModelError) {
    try allocate()
    let id = try inputID(index)
    let place = ModelError.Location(tensor: id.index, tensorName: runner.graph[id].name)
    guard let slot = runner.slot(of: id) else { throw ModelError(.invalidState, "the input has no memory", at: place) }
    if slot.stringArray != nil {
      let strings: StringArray
      do throws(OperatorError) { strings = try StringArray(copying: bytes) } catch {
        throw ModelError(error, at: place)
      }
      guard strings.count == runner.type(of: id).shape.elementCount else {
        throw ModelError(
          .invalidArgument, "input \(index) is \(runner.type(of: id)), not \(strings.count) strings", at: place)
      }
      do throws(OperatorError) { try slot.setStringArray(strings) } catch { throw ModelError(error, at: place) }
      return
    }
    guard slot.byteCount == bytes.byteCount else {
      throw ModelError(
        .invalidArgument,
        "input \(index) is \(runner.type(of: id)) and takes \(slot.byteCount) bytes, not \(bytes.byteCount)", at: place)
    }
    unsafe bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { unsafe slot.address.copyMemory(from: start, byteCount: source.count) }
    }
  }

  /// Copies values into an input.
  public func setInput<T: TensorScalar>(_ index: Int, _ values: [T]) throws(ModelError) {
    var span = try input(index, as: T.self)
    guard span.count == values.count else {
      let id = try inputID(index)
      throw ModelError(
        .invalidArgument,
        "input \(index) is \(runner.type(of: id)) and takes \(span.count) elements, not \(values.count)",
        at: .init(tensor: id.index, tensorName: runner.graph[id].name))
    }
    for i in values.indices { span[i] = values[i] }
  }

  /// Copies a tensor into an input, which takes on the tensor's shape. The element types must be the same.
  public func setInput(_ index: Int, _ tensor: Tensor) throws(ModelError) {
    let id = try inputID(index)
    let type = runner.type(of: id)
    guard type.element == tensor.type.element else {
      throw ModelError(
        .invalidArgument, "input \(index) has elements of type \(type.element), not \(tensor.type.element)",
        at: .init(tensor: id.index, tensorName: runner.graph[id].name))
    }
    try resizeInput(index, to: tensor.type.shape.dimensions)
    try setInput(index, bytes: unsafe tensor.bytes.span.bytes)
  }

  /// Copies an output.
  public func output(_ index: Int) throws(ModelError) -> Tensor {
    let id = try outputID(index)
    try requireOutputs()
    return try tensor(id)
  }

  /// Copies any tensor of the subgraph: inputs, constants and variables once they are there, outputs after an invocation, and intermediate
  /// ones too with ``Options/preservesIntermediates``.
  ///
  /// - Throws: ``ModelError`` when there is no such tensor, or it has no value, because it is not computed yet, not kept, or left out.
  public func tensor(_ id: TensorID) throws(ModelError) -> Tensor {
    guard id.index >= 0, id.index < runner.graph.tensors.count else {
      throw ModelError(.invalidArgument, "there is no tensor \(id.index)")
    }
    let place = ModelError.Location(tensor: id.index, tensorName: runner.graph[id].name)
    if runner.isComputed(id) {
      try requireOutputs()
      guard runner.options.preservesIntermediates || runner.graph.outputs.contains(id) else {
        throw ModelError(.invalidState, "intermediate tensors are kept only when that is asked for", at: place)
      }
    }
    guard let slot = runner.slot(of: id) else {
      throw ModelError(.invalidState, "the tensor has no memory; it is not computed, or not kept", at: place)
    }
    let type = runner.type(of: id)
    let bytes = slot.contents
    guard let tensor = Tensor(type: type, bytes: bytes) else {
      throw ModelError(.invalidState, "the tensor has \(bytes.count) bytes, which is not what \(type) takes", at: place)
    }
    return tensor
  }

  // MARK: By name

  /// Runs the model on named inputs, resizing them where shapes differ, and answers all outputs by name.
  ///
  /// - Throws: ``ModelError`` when an input is unknown or missing.
  public func callAsFunction(_ named: [String: Tensor]) throws(ModelError) -> [String: Tensor] {
    let descriptions = inputs
    var given = Set<Int>()
    for (name, tensor) in named {
      guard let index = inputIndex(named: name) else {
        let known = descriptions.map { "'\($0.name)'" }.joined(separator: ", ")
        throw ModelError(.invalidArgument, "there is no input '\(name)'; the inputs are \(known)")
      }
      given.insert(index)
      try resizeInput(index, to: tensor.type.shape.dimensions)
    }
    for (index, description) in descriptions.enumerated() where !given.contains(index) {
      throw ModelError(.invalidArgument, "input '\(description.name)' is missing")
    }
    for (name, tensor) in named {
      if let index = inputIndex(named: name) { try setInput(index, tensor) }
    }
    try invoke()
    var result: [String: Tensor] = [:]
    for (index, description) in outputs.enumerated() { result[description.name] = try output(index) }
    return result
  }
}
