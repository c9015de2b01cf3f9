import Delegates
import TFLiteRuntime
import TensorTypes

/// Everything that a program does with a model file from a stranger: loads it, makes an interpreter of every signature, resizes, fills inputs,
/// invokes twice and reads the outputs. Shared by the fuzz target and the tests over what it found.
enum ModelExercise {
  /// What a large model may need.
  static let wideLimits = Limits(tensorElements: 1 << 28, arenaBytes: 1 << 28, foldedConstantBytes: 1 << 26)
  /// Small, so that a mutated number meets a limit and not the machine.
  static let limits = Limits(
    tensorElements: 1 << 16, arenaBytes: 1 << 22, operators: 256, recursionDepth: 8, subgraphInstances: 64,
    foldedConstantBytes: 1 << 20, foldingTime: .milliseconds(100))
  static let deadline = Duration.milliseconds(200)

  /// Answers the invocations that ran to their end. What a model does is decided by its bytes alone: the last eight are the seed of
  /// resizing and of input values.
  @discardableResult
  static func run(_ bytes: [UInt8], limits: Limits = limits) throws(ModelError) -> Int {
    let model = try Model(bytes: bytes, limits: limits)
    var generator = Generator(state: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    var completed = 0
    var firstError: ModelError?
    for signature in [nil] + model.signatures.prefix(4).map({ Optional($0.key) }) {
      do throws(ModelError) {
        completed += try run(model, signature, &generator)
      } catch {
        firstError = firstError ?? error
      }
    }
    if completed == 0, let firstError { throw firstError }
    return completed
  }

  private static func run(_ model: Model, _ signature: String?, _ generator: inout Generator) throws(ModelError) -> Int
  {
    let options = Interpreter.Options(
      threads: 1, preservesIntermediates: generator.next() % 8 == 0,
      compiler: generator.next() % 4 == 0
        ? GraphCompiler(foldsConstants: false, eliminatesDeadCode: false) : GraphCompiler())
    let delegates: [any Delegate] = generator.next() % 4 == 0 ? [.xnnpack()] : []
    let interpreter = try Interpreter(model, signature: signature, options: options, delegates: delegates)
    let resizes = generator.next() % 4 == 0
    if resizes { try? resize(interpreter, &generator) }
    try interpreter.allocate()
    var completed = 0
    for invocation in 0..<2 {
      for index in interpreter.inputs.indices { try fill(interpreter, index, &generator) }
      try interpreter.invoke(deadline: deadline)
      completed += 1
      for index in interpreter.outputs.indices { _ = try? interpreter.output(index) }
      if options.preservesIntermediates {
        for tensor in model.subgraphs[interpreter.subgraph].tensors.indices {
          _ = try? interpreter.tensor(TensorID(tensor))
        }
      }
      if invocation == 0, resizes { try? resize(interpreter, &generator) }
    }
    return completed
  }

  /// Gives one dimension of one input another size.
  private static func resize(_ interpreter: Interpreter, _ generator: inout Generator) throws(ModelError) {
    let inputs = interpreter.inputs
    guard !inputs.isEmpty else { return }
    let index = Int(generator.next() % UInt64(inputs.count))
    var dimensions = inputs[index].type.shape.dimensions
    let size = [0, 1, 2, 3, 5, 8, 17, 255, 70_000][Int(generator.next() % 9)]
    if dimensions.isEmpty {
      dimensions = [size]
    } else {
      dimensions[Int(generator.next() % UInt64(dimensions.count))] = size
    }
    try interpreter.resizeInput(index, to: dimensions)
  }

  /// Random bytes, or small numbers that are more often a valid index, axis or size.
  private static func fill(_ interpreter: Interpreter, _ index: Int, _ generator: inout Generator) throws(ModelError) {
    let type = interpreter.inputs[index].type
    if type.element == .string {
      guard type.shape.elementCount <= 4096 else { return }
      let strings = (0..<type.shape.elementCount).map { _ in
        (0..<generator.next() % 12).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 24) & 0x7F }
      }
      if let tensor = Tensor(strings: strings, shape: type.shape.dimensions) {
        try interpreter.setInput(index, tensor)
      }
      return
    }
    // One that was resized beyond what an arena may hold: the invocation says so.
    guard let count = type.byteCount, count <= wideLimits.arenaBytes else { return }
    let width = max(type.element.bitWidth / 8, 1)
    let isSmall = generator.next() % 2 == 0
    var bytes = [UInt8](repeating: 0, count: count)
    if isSmall, type.element == .float32 {
      for start in stride(from: 0, to: count, by: 4) {
        let value = (Float(generator.next() % 2048) / 256 - 4).bitPattern
        for byte in 0..<min(4, count - start) { bytes[start + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
      }
    } else if isSmall {
      for start in stride(from: 0, to: count, by: width) { bytes[start] = UInt8(generator.next() % 6) }
    } else {
      for position in bytes.indices { bytes[position] = UInt8(truncatingIfNeeded: generator.next() >> 24) }
    }
    try interpreter.setInput(index, bytes: bytes.span.bytes)
  }

  /// SplitMix64.
  private struct Generator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }
}
