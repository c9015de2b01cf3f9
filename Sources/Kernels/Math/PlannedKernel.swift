internal import TensorTypes

extension NodeContext {
  /// The values of an integer input, or nil when they are not known before the model runs. Empty when the input is missing.
  func integersIfKnown(_ index: Int) throws(OperatorError) -> [Int]? {
    guard hasInput(index) else { return [] }
    do {
      return try integers(index)
    } catch {
      if case .needsValue = error { return nil }
      throw error
    }
  }

  /// The values of some integer inputs, or nil when not all are known before the model runs.
  func integersIfKnown(_ inputs: [Int]) throws(OperatorError) -> [[Int]]? {
    var known: [[Int]] = []
    for index in inputs {
      guard let value = try integersIfKnown(index) else { return nil }
      known.append(value)
    }
    return known
  }

  /// Checks that an input has the element type of the output.
  func expectSameElement(_ index: Int = 0, output: Int = 0) throws(OperatorError) {
    let input = try input(index).element
    let result = try self.output(output).element
    guard input == result else {
      throw .malformed("input \(index) is \(input), output \(output) is \(result); both must be the same")
    }
  }

  /// Checks that an input's elements have a fixed width, which is all that operators need that only move elements.
  func expectFixedWidth(_ index: Int = 0) throws(OperatorError) {
    let element = try input(index).element
    guard element.bitWidth > 0 else {
      throw .unsupported("\(element) input; elements of fixed width are supported")
    }
  }

  /// Checks that an input is `int32` or `int64`.
  func expectIndices(_ index: Int) throws(OperatorError) {
    let element = try input(index).element
    guard element == .int32 || element == .int64 else {
      throw .malformed("input \(index) must be int32 or int64, not \(element)")
    }
  }
}

extension Operands {
  /// The values of an integer input while the kernel runs; clamped to `Int`.
  func integers(_ index: Int, _ element: ElementType) throws(OperatorError) -> [Int] {
    func read<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> [Int] {
      let span = input(index, as: T.self)
      return span.indices.map { Int(clamping: span[$0]) }
    }
    switch element {
    case .int8: return read(Int8.self)
    case .uint8: return read(UInt8.self)
    case .int16: return read(Int16.self)
    case .int32: return read(Int32.self)
    case .uint32: return read(UInt32.self)
    case .int64: return read(Int64.self)
    default: throw .unsupported("input \(index) must be integers, not \(element)")
    }
  }
}

extension Kernel {
  /// A kernel whose plan follows from the values of some integer inputs: made once when they are known, else on each invocation (which
  /// then allocates the plan).
  ///
  /// - Parameters:
  ///   - values: the inputs whose values `plan` takes, in its order; a missing input is an empty array.
  static func planned<Plan: Sendable>(
    _ node: NodeContext, values: [Int],
    plan: @escaping @Sendable ([[Int]]) throws(OperatorError) -> Plan,
    run: @escaping @Sendable (Operands, Plan) throws(OperatorError) -> Void
  ) throws(OperatorError) -> Kernel {
    if let known = try node.integersIfKnown(values) {
      let made = try plan(known)
      return Kernel { io throws(OperatorError) in try run(io, made) }
    }
    var elements: [ElementType?] = []
    for index in values { elements.append(node.hasInput(index) ? try node.input(index).element : nil) }
    let types = elements
    return Kernel { io throws(OperatorError) in
      var found: [[Int]] = []
      for (index, type) in zip(values, types) {
        found.append(try type.map { type throws(OperatorError) in try io.integers(index, type) } ?? [])
      }
      try run(io, try plan(found))
    }
  }
}
