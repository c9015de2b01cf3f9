import Delegates
import FlatBuffers
import KernelTestSupport
import Kernels
import TFLiteRuntime
import TensorTypes
import Testing

/// A node over test tensors, as the runtime would describe it to a delegate.
struct TestNode {
  let node: DelegateNode
  private let inputs: [TestTensor?]
  private let output: TensorType

  init(_ operation: any Operator, _ inputs: [TestTensor?], output: ElementType, _ quantization: Quantization = .none)
    throws
  {
    let constants = try inputs.map { tensor -> Constant? in
      guard let tensor, tensor.isConstant else { return nil }
      return Constant(try SharedBytes(copying: tensor.bytes.span.bytes))
    }
    let declared = TensorType(element: output, shape: .scalar, quantization: quantization)
    let shapes = try operation.infer(
      NodeContext(
        inputs: inputs.map { $0?.type }, outputs: [declared],
        values: constants.map { $0.map { .constant($0) } ?? .unknown }, threads: 1))
    self.output = declared.with(shape: try #require(shapes.first))
    self.inputs = inputs
    let operands = inputs.indices.map { index -> DelegateOperand? in
      inputs[index].map {
        DelegateOperand(tensor: TensorID(index), type: $0.type, constant: constants[index])
      }
    }
    node = DelegateNode(
      operation: operation, inputs: operands,
      outputs: [DelegateOperand(tensor: TensorID(inputs.count), type: self.output, constant: nil)])
  }

  /// Why XNNPACK refuses the node; nil when it takes it.
  var refusal: String? {
    if case .refused(let reason) = XNNPackDelegate().supports(node) { return reason }
    return nil
  }

  /// Runs the node with XNNPACK at two sets of addresses, which must give the same answer and write nothing else.
  func run(threads: Int, sourceLocation: SourceLocation = #_sourceLocation) throws -> TestTensor {
    if let refusal {
      Issue.record("refused: \(refusal)", sourceLocation: sourceLocation)
    }
    let pool = ThreadPool(count: threads)
    let region = try XNNPackDelegate().compile(DelegateRegion(node: node, threadPool: pool))
    var results: [[UInt8]] = []
    var keep: [UnsafeMutableRawBufferPointer] = []
    defer { for buffer in keep { buffer.deallocate() } }
    func allocate(_ count: Int, offset: Int) throws -> OperandSlot {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count + 128 + offset, alignment: 64)
      buffer.initializeMemory(as: UInt8.self, repeating: 0xA5)
      keep.append(buffer)
      return OperandSlot(address: try #require(buffer.baseAddress) + offset, byteCount: count)
    }
    for offset in [0, 64, 0] {
      var places: [TensorID: OperandSlot] = [:]
      for (index, tensor) in inputs.enumerated() {
        guard let tensor, !tensor.isConstant else { continue }
        let slot = try allocate(tensor.bytes.count, offset: offset)
        tensor.bytes.withUnsafeBytes {
          slot.address.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(slot.address), byteCount: $0.count)
        }
        places[TensorID(index)] = slot
      }
      let count = try #require(output.byteCount)
      let slot = try allocate(count, offset: offset)
      places[TensorID(inputs.count)] = slot
      try region.bind(RegionMemory(places, empty: try allocate(0, offset: 0)))
      try region.invoke(ExecutionContext(threadPool: pool))
      results.append(Array(UnsafeRawBufferPointer(start: slot.address, count: count)))
      let behind = UnsafeRawBufferPointer(start: slot.address + count, count: 64)
      #expect(behind.allSatisfy { $0 == 0xA5 }, "wrote behind the output", sourceLocation: sourceLocation)
    }
    #expect(results.allSatisfy { $0 == results[0] }, "other addresses, other answer", sourceLocation: sourceLocation)
    var result = try TestTensor([UInt8](), [0])
    result.type = output
    result.bytes = results[0]
    return result
  }

  /// Runs the node with one and two threads and compares with real values: floats to 1e-5 of the largest, `float16` to
  /// `halfTolerance` of it, by default eight steps; quantised values to one step.
  func expect(
    _ expected: [Double], steps: Int = 1, halfTolerance: Float = 0x1p-8,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for threads in [1, 2] {
      let actual = try run(threads: threads, sourceLocation: sourceLocation)
      try #require(expected.count == actual.type.shape.elementCount, sourceLocation: sourceLocation)
      switch actual.type.element {
      case .float32:
        expectClose(actual.floats, expected.map { Float($0) }, tolerance: 1e-5, sourceLocation: sourceLocation)
      case .float16:
        expectClose(
          actual.reals.map { Float($0) }, expected.map { Float($0) }, tolerance: halfTolerance,
          sourceLocation: sourceLocation)
      case .int8, .uint8:
        let scale = Double(try #require(actual.type.quantization.scale))
        let zeroPoint = Double(try #require(actual.type.quantization.zeroPoint))
        let limits = actual.type.element == .int8 ? -128.0...127 : 0...255
        let integers = actual.integers
        for (index, value) in expected.enumerated() {
          let wanted = min(max((value / scale + zeroPoint).rounded(), limits.lowerBound), limits.upperBound)
          guard abs(Double(integers[index]) - wanted) <= Double(steps) else {
            Issue.record(
              "element \(index) is \(integers[index]), not \(wanted), with \(threads) threads",
              sourceLocation: sourceLocation)
            return
          }
        }
      default: Issue.record("unexpected output \(actual.type)", sourceLocation: sourceLocation)
      }
    }
  }
}

extension TestTensor {
  /// The elements of an integer tensor.
  var integers: [Int] {
    switch type.element {
    case .int8: values(Int8.self).map { Int($0) }
    case .uint8: values(UInt8.self).map { Int($0) }
    case .int32: values(Int32.self).map { Int($0) }
    default: []
    }
  }

  /// The elements as real numbers.
  var reals: [Double] {
    if type.element == .float32 { return floats.map { Double($0) } }
    if type.element == .float16 { return values(Float16.self).map { Double($0) } }
    switch type.quantization {
    case .perTensor(let scale, let zeroPoint): return integers.map { Double($0 - zeroPoint) * Double(scale) }
    case .perChannel(let scales, let zeroPoints, let axis):
      let inner = type.shape.product(axis + 1..<type.shape.rank)
      return integers.enumerated().map { index, value in
        let channel = index / inner % type.shape[axis]
        return Double(value - zeroPoints[channel]) * Double(scales[channel])
      }
    default: return integers.map { Double($0) }
    }
  }

  /// Random floats.
  static func random(_ shape: [Int], seed: UInt64, in range: ClosedRange<Float> = -1...1) throws -> TestTensor {
    var generator = SeededGenerator(seed: seed)
    return try TestTensor(generator.floats(shape.reduce(1, *), in: range), shape)
  }

  /// Random `float16` numbers.
  static func randomHalf(_ shape: [Int], seed: UInt64, in range: ClosedRange<Float> = -1...1) throws -> TestTensor {
    var generator = SeededGenerator(seed: seed)
    return try TestTensor(generator.floats(shape.reduce(1, *), in: range).map { Float16($0) }, shape)
  }

  /// Random numbers from -1 to 1, `float16` or `float32`.
  static func random(_ shape: [Int], of element: ElementType, seed: UInt64) throws -> TestTensor {
    element == .float16 ? try randomHalf(shape, seed: seed) : try random(shape, seed: seed)
  }

  /// Random `int8` values.
  static func randomInt8(_ shape: [Int], seed: UInt64, _ quantization: Quantization) throws -> TestTensor {
    var generator = SeededGenerator(seed: seed)
    return try TestTensor(
      generator.integers(shape.reduce(1, *), in: Int8(-127)...127), shape, quantization: quantization)
  }

  /// Random `uint8` values.
  static func randomUInt8(_ shape: [Int], seed: UInt64, _ quantization: Quantization) throws -> TestTensor {
    var generator = SeededGenerator(seed: seed)
    return try TestTensor(
      generator.integers(shape.reduce(1, *), in: UInt8.min...255), shape, quantization: quantization)
  }
}
