public import FlatBuffers
public import TensorTypes

/// What an operator may know of its operands when it infers shapes and prepares its kernel.
public struct NodeContext {
  /// The value of an input, as far as it is known.
  @safe package enum Value {
    case unknown
    case constant(Constant)
    /// Computed by an earlier step of the invocation that is under way.
    case computed(UnsafeRawBufferPointer)
  }

  /// The type of each input; nil for an optional input that the model leaves out (index -1).
  public let inputs: [TensorType?]
  /// The type of each output. While inferring, shapes are the model's declaration; while preparing, the inferred ones.
  public let outputs: [TensorType]
  /// Threads that the kernel's `parallel` will use; at least 1.
  public let threads: Int
  /// The types of the tensors that carry the quantisation of the operator's inner results. Source: the operator's `intermediates` (LSTM).
  public let intermediates: [TensorType]
  /// For each subgraph that the operator's options name the operators in it, in execution order; empty where they name none. Only for
  /// operators whose kernels take their computation from there.
  public let bodies: [[OperatorDefinition.Identity]]
  /// Whether float convolutions may use Winograd's method.
  package let usesWinograd: Bool
  /// How constants are packed.
  let packing: ConstantPacking
  private let values: [Value]
  private let declaredInputs: [Shape?]
  /// Variables and tables, while the model runs.
  package let resources: Resources?
  /// The type and value of another constant of the subgraph, by its index: blockwise quantisation names its scales so.
  let companion: ((Int) -> (type: TensorType, constant: Constant)?)?
  private let variables: Set<Int>
  /// What the kernel of a product may do with the elements that it has just written; see ``Kernel/appliesEpilogue``.
  var epilogue: Epilogue?
  /// Elements from one pixel of output 0 to the next, where pixels are parts of wider ones; see ``Kernel/takesOutputPitch``.
  var outputPitch: Int?

  /// - Parameters:
  ///   - declaredInputs: the inputs' shapes as the model declares them; nil when they are the present ones.
  ///   - variables: the inputs that are variables.
  package init(
    inputs: [TensorType?], outputs: [TensorType], values: [Value], threads: Int, declaredInputs: [Shape?]? = nil,
    intermediates: [TensorType] = [], variables: Set<Int> = [], bodies: [[OperatorDefinition.Identity]] = [],
    resources: Resources? = nil, usesWinograd: Bool = true, packing: ConstantPacking = ConstantPacking(),
    companion: ((Int) -> (type: TensorType, constant: Constant)?)? = nil
  ) {
    self.usesWinograd = usesWinograd
    self.packing = packing
    self.companion = companion
    self.resources = resources
    self.declaredInputs = declaredInputs ?? inputs.map { $0?.shape }
    self.intermediates = intermediates
    self.variables = variables
    self.inputs = inputs
    self.outputs = outputs
    self.values = values
    self.threads = threads
    self.bodies = bodies
  }

  /// The same operands with `int32` in place of strings.
  var withNumberedStrings: NodeContext {
    func numbered(_ type: TensorType) -> TensorType {
      type.element == .string ? TensorType(element: .int32, shape: type.shape) : type
    }
    let values = zip(inputs, values).map { type, value in type?.element == .string ? .unknown : value }
    return NodeContext(
      inputs: inputs.map { $0.map(numbered) }, outputs: outputs.map(numbered), values: values, threads: threads,
      declaredInputs: declaredInputs, resources: resources, packing: packing, companion: companion)
  }

  /// What an operator may know that takes the first `count` inputs and gives one output of this type: the beginning of a fused step.
  func beginning(inputs count: Int, output: TensorType, epilogue: Epilogue?) -> NodeContext {
    var result = NodeContext(
      inputs: Array(inputs.prefix(count)), outputs: [output], values: Array(values.prefix(count)), threads: threads,
      declaredInputs: Array(declaredInputs.prefix(count)), intermediates: intermediates, bodies: bodies,
      resources: resources, usesWinograd: usesWinograd, packing: packing, companion: companion)
    result.epilogue = epilogue
    return result
  }

  /// Checks how many operands there are. Trailing optional inputs may be absent or left out.
  public func expect(inputs inputRange: ClosedRange<Int>, outputs outputCount: Int = 1) throws(OperatorError) {
    guard inputRange.contains(inputs.count) else {
      let wanted =
        inputRange.count == 1 ? "\(inputRange.lowerBound)" : "\(inputRange.lowerBound) to \(inputRange.upperBound)"
      throw .malformed("takes \(wanted) inputs, not \(inputs.count)")
    }
    guard outputs.count == outputCount else {
      throw .malformed("has \(outputCount) outputs, not \(outputs.count)")
    }
  }

  /// Checks how many operands there are.
  public func expect(inputs inputCount: Int, outputs outputCount: Int = 1) throws(OperatorError) {
    try expect(inputs: inputCount...inputCount, outputs: outputCount)
  }

  /// The type of a required input.
  public func input(_ index: Int) throws(OperatorError) -> TensorType {
    guard index < inputs.count, let type = inputs[index] else { throw .malformed("input \(index) is missing") }
    return type
  }

  /// The shape of a required input as the model declares it, which differs from the present one where the caller resized the model.
  public func declaredShape(_ index: Int) throws(OperatorError) -> Shape {
    guard index < declaredInputs.count, let shape = declaredInputs[index] else {
      throw .malformed("input \(index) is missing")
    }
    return shape
  }

  /// The type of an output.
  public func output(_ index: Int) throws(OperatorError) -> TensorType {
    guard index < outputs.count else { throw .malformed("output \(index) is missing") }
    return outputs[index]
  }

  /// Whether an optional input is given.
  public func hasInput(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }

  /// Whether an input is a variable: it keeps its value from one invocation to the next, and the kernel may write it.
  public func isVariable(_ index: Int) -> Bool { variables.contains(index) }

  /// The constant that an input is; nil when it is computed.
  public func constant(_ index: Int) -> Constant? {
    guard index < values.count, case .constant(let constant) = values[index] else { return nil }
    return constant
  }

  /// The bytes of an input whose value is needed now.
  ///
  /// - Throws: `needsValue` when it is not a constant and has not been computed.
  public func bytes(_ index: Int) throws(OperatorError) -> SharedBytes {
    guard index < values.count else { throw .malformed("input \(index) is missing") }
    switch values[index] {
    case .constant(let constant): return constant.bytes
    case .computed(let buffer):
      do {
        return try unsafe SharedBytes(copying: RawSpan(_unsafeBytes: buffer))
      } catch {
        throw .outOfMemory(bytes: buffer.count)
      }
    case .unknown: throw .needsValue(input: index)
    }
  }

  /// The values of an integer input (shapes, axes, paddings, …) that is needed now. Takes `int32`, `int64`, `int16`, `int8`, `uint8`
  /// and `uint32`.
  ///
  /// - Throws: `needsValue` when it is not known yet, `unsupported` for other types.
  public func integers(_ index: Int) throws(OperatorError) -> [Int] {
    let type = try input(index)
    let bytes = try bytes(index)
    let span = bytes.span
    func read<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> [Int] {
      (0..<min(type.shape.elementCount, span.byteCount / MemoryLayout<T>.stride)).map {
        Int(clamping: unsafe span.unsafeLoadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self))
      }
    }
    let values: [Int]
    switch type.element {
    case .int32: values = read(Int32.self)
    case .int64: values = read(Int64.self)
    case .int16: values = read(Int16.self)
    case .int8: values = read(Int8.self)
    case .uint8: values = read(UInt8.self)
    case .uint32: values = read(UInt32.self)
    default: throw .unsupported("input \(index) must be integers, not \(type.element)")
    }
    guard values.count == type.shape.elementCount else {
      throw .malformed("input \(index) has too few bytes for \(type)")
    }
    return values
  }

  /// A packed form of constant inputs, made once per model and shared by its interpreters.
  ///
  /// - Parameters:
  ///   - layout: names the form and everything besides the inputs' bytes that it depends on.
  ///   - inputs: the inputs it is made of; the first must be a constant (otherwise `build` runs each time), and those that are
  ///     given must be constants too.
  ///   - build: makes the packed form.
  public func packed(
    _ layout: String, of inputs: [Int], build: () throws(OperatorError) -> SharedBytes
  ) throws(OperatorError) -> SharedBytes {
    guard let first = inputs.first, let constant = constant(first) else { return try build() }
    return try constant.packed(key(layout, inputs), build: build)
  }

  /// What a form that is made of several constants is known by among those of the first.
  func key(_ layout: String, _ inputs: [Int]) -> String {
    var key = layout
    for index in inputs.dropFirst() {
      key += "/"
      if let other = constant(index) { key += "\(ObjectIdentifier(other).hashValue)" }
    }
    return key
  }
}
