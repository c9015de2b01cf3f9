package import TensorTypes

/// How operators that only move elements run on string tensors: the strings of an input are numbered, the operator moves the numbers as
/// `int32`, and the outputs get the strings that the numbers stand for.
enum StringMovement {
  /// Whether the operator is one that moves strings, and is asked to.
  static func applies(_ operation: some Operator, _ node: NodeContext) -> Bool {
    guard let moved = operation.movedInput, node.inputs.indices.contains(moved) else { return false }
    return node.inputs.indices.allSatisfy { (node.inputs[$0]?.element == .string) == ($0 == moved) }
      && node.outputs.allSatisfy { $0.element == .string }
  }

  static func kernel(_ operation: some Operator, _ node: NodeContext) throws(OperatorError) -> Kernel {
    let sources = node.inputs.indices.filter { node.inputs[$0]?.element == .string }
    let targets = node.outputs.indices.filter { node.outputs[$0].element == .string }
    let inner = try operation.prepare(node.withNumberedStrings)
    let counts =
      sources.map { node.inputs[$0]?.shape.elementCount ?? 0 } + targets.map { node.outputs[$0].shape.elementCount }
    var scratch = inner.scratch
    for count in counts {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: 4)
      guard !overflow, count <= Int32.max else { throw .unsupported("a tensor of \(count) strings") }
      scratch.append(bytes)
    }
    let innerScratch = inner.scratch.count
    let innerInvoke = inner.invoke
    return Kernel(scratch: scratch) { io throws(OperatorError) in
      var slots: [OperandSlot] = []
      for index in 0..<io.inputCount + io.outputCount + innerScratch { slots.append(unsafe io.slots[index]) }
      var arrays: [StringArray] = []
      var firsts: [Int] = []
      var total = 0
      for (position, input) in sources.enumerated() {
        let array = try io.strings(input)
        var numbers = io.scratch(innerScratch + position, as: Int32.self)
        for index in numbers.indices { numbers[index] = Int32(truncatingIfNeeded: total + index) }
        slots[input] = unsafe io.slots[io.inputCount + io.outputCount + innerScratch + position]
        firsts.append(total)
        total += numbers.count
        arrays.append(array)
      }
      for (position, output) in targets.enumerated() {
        slots[io.inputCount + output] =
          unsafe io.slots[io.inputCount + io.outputCount + innerScratch + sources.count + position]
      }
      let memory = UnsafeMutableBufferPointer<OperandSlot>.allocate(capacity: slots.count)
      defer { unsafe memory.deallocate() }
      _ = unsafe memory.initialize(from: slots)
      guard let base = unsafe UnsafePointer(memory.baseAddress) else { return }
      try unsafe innerInvoke(
        Operands(slots: base, inputCount: io.inputCount, outputCount: io.outputCount, context: io.context))
      for (position, output) in targets.enumerated() {
        let numbers = io.scratch(innerScratch + sources.count + position, as: Int32.self)
        var builder = StringArrayBuilder()
        for index in numbers.indices {
          let number = Int(numbers[index])
          let source = firsts.lastIndex { $0 <= number } ?? 0
          try builder.append(arrays[source].string(number - firsts[source]))
        }
        try io.setStrings(output, try builder.finish())
      }
    }
  }
}

extension Operator {
  /// ``infer(_:)``, for string tensors too where the operator moves them.
  package func inferShapes(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try infer(StringMovement.applies(self, node) ? node.withNumberedStrings : node)
  }

  /// ``prepare(_:)``, for string tensors too where the operator moves them.
  package func prepareKernel(_ node: NodeContext) throws(OperatorError) -> Kernel {
    StringMovement.applies(self, node) ? try StringMovement.kernel(self, node) : try prepare(node)
  }
}
