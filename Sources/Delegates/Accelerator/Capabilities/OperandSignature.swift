internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// A tensor as the accelerator's compiler sees it: everything has a fixed shape, and a scalar is one element.
struct OperandSignature {
  let type: Datatype
  /// A scalar has one dimension of 1, and a dimension that the model leaves open is 1.
  let dimensions: [Int]
  let isScalar: Bool
  let quantization: Quantization
  /// The value, where the compiler may look at it.
  let constant: Constant?
  let elementType: ElementType

  /// - Throws: ``AssessmentFailure`` for what the compiler cannot convert, which fails the whole model.
  init(_ tensor: GraphTensor, isBoundary: Bool) throws(AssessmentFailure) {
    if case .blockwise = tensor.type.quantization {
      throw AssessmentFailure(reason: "block-wise quantisation (tensor '\(tensor.name)') is not supported")
    }
    guard let type = Datatype(tensor.type.element, isQuantized: tensor.type.quantization != .none) else {
      throw AssessmentFailure(
        reason: "element type \(tensor.type.element) (tensor '\(tensor.name)') is not supported")
    }
    self.type = type
    elementType = tensor.type.element
    isScalar = tensor.type.shape.rank == 0
    let declared = tensor.shapeSignature ?? tensor.type.shape.dimensions
    dimensions = isScalar ? [1] : declared.map { $0 < 0 ? 1 : $0 }
    quantization = tensor.type.quantization
    // An empty list is no value for the compiler.
    constant = isBoundary || tensor.sparsity != nil || tensor.constant?.bytes.count == 0 ? nil : tensor.constant
  }

  var rank: Int { dimensions.count }

  /// Saturates, as dimensions come from a file.
  var elementCount: Int {
    dimensions.reduce(1) { product, dimension in
      let (value, overflow) = product.multipliedReportingOverflow(by: dimension)
      return overflow ? Int.max : value
    }
  }

  var isPerChannel: Bool {
    if case .perChannel = quantization { return true }
    return false
  }

  var channelAxis: Int? {
    if case .perChannel(_, _, let axis) = quantization { return axis }
    return nil
  }

  var zeroPoints: [Int] {
    switch quantization {
    case .none, .blockwise: []
    case .perTensor(_, let zeroPoint): [zeroPoint]
    case .perChannel(_, let zeroPoints, _): zeroPoints
    }
  }

  /// The values of a constant of integers; nil for computed tensors and other types.
  var integers: [Int]? {
    guard let bytes = constant?.bytes else { return nil }
    func read<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> [Int] {
      let span = bytes.span
      return (0..<span.byteCount / MemoryLayout<T>.stride).map {
        Int(clamping: unsafe span.unsafeLoadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self))
      }
    }
    switch type {
    case .i32, .i32q: return read(Int32.self)
    case .i64: return read(Int64.self)
    case .u32, .u32q: return read(UInt32.self)
    default: return nil
    }
  }

  /// For people: `quantised int8[1, 8]`.
  var text: String { "\(type.text)\(isScalar ? "[]" : "\(dimensions)")" }
}

/// Why nothing of a model is delegated.
struct AssessmentFailure: Error {
  let reason: String
}

/// An operator with its operands, as the rules look at it.
struct OperatorSignature {
  /// nil for an optional input that is left out.
  let inputs: [OperandSignature?]
  let outputs: [OperandSignature]
  let options: OperatorOptions
  let version: Int

  func input(_ index: Int) -> OperandSignature? { index < inputs.count ? inputs[index] : nil }
  var output: OperandSignature? { outputs.first }
  /// The inputs that are given.
  var given: [OperandSignature] { inputs.compactMap { $0 } }

  func option(_ slot: Int, default value: Int32 = 0) -> Int { Int((try? options.int32(slot, default: value)) ?? value) }
  func byteOption(_ slot: Int, default value: Int8 = 0) -> Int {
    Int((try? options.int8(slot, default: value)) ?? value)
  }
  func flag(_ slot: Int) -> Bool { (try? options.bool(slot)) ?? false }
}

extension OperatorSignature {
  /// - Parameter boundary: the graph's inputs and outputs.
  init(_ node: Node, in graph: Graph, boundary: Set<TensorID>) throws(AssessmentFailure) {
    var inputs: [OperandSignature?] = []
    for id in node.inputs {
      guard let id else {
        inputs.append(nil)
        continue
      }
      inputs.append(try OperandSignature(graph[id], isBoundary: boundary.contains(id)))
    }
    var outputs: [OperandSignature] = []
    for id in node.outputs { outputs.append(try OperandSignature(graph[id], isBoundary: boundary.contains(id))) }
    self.init(inputs: inputs, outputs: outputs, options: node.options, version: node.version)
  }
}
