internal import Delegates
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// A pattern with an element type.
struct ProbeOperands {
  let types: [TensorType?]
  let values: [NodeContext.Value]
  let delegateInputs: [DelegateOperand?]
  let outputCount: Int
  let declaredShape: Shape
  /// The inputs that are variables.
  let variables: Set<Int>
  /// The quantisation of inner results, which recurrent operators of integers want.
  let intermediates: [TensorType]
  /// Types that the outputs may have, of a scalar's shape.
  let outputTypes: [TensorType]

  /// - Parameter weights: the weights' element type; nil for what mostly goes with the data.
  init?(
    _ pattern: OperandPattern, _ data: ElementType, isQuantized: Bool, weights: ElementType? = nil,
    areWeightsQuantized: Bool = false
  ) {
    let quantization: Quantization = isQuantized ? Self.quantization(data, scale: 0.5) : .none
    var types: [TensorType?] = []
    var values: [NodeContext.Value] = []
    var operands: [DelegateOperand?] = []
    for (index, input) in pattern.inputs.enumerated() {
      guard let input else {
        types.append(nil)
        values.append(.unknown)
        operands.append(nil)
        continue
      }
      var type = TensorType(element: data, shape: Shape(input.dimensions) ?? .scalar, quantization: quantization)
      switch input.element {
      case .data: break
      case .weights:
        if let weights {
          type = TensorType(
            element: weights, shape: type.shape,
            quantization: areWeightsQuantized ? Self.quantization(weights, scale: 0.5) : .none)
        } else if data == .int16, isQuantized {
          type.element = .int8
          type.quantization = Self.quantization(.int8, scale: 0.5)
        }
      case .bias:
        if isQuantized {
          type.element = data == .int16 ? .int64 : .int32
          type.quantization = .perTensor(scale: 0.25, zeroPoint: 0)
        }
      case .fixed(let element):
        type = TensorType(
          element: element, shape: type.shape,
          quantization: element == .int16 && isQuantized ? Self.quantization(element, scale: 0x1p-11) : .none)
      }
      types.append(type)
      var constant: Constant?
      if let stored = input.values {
        guard let made = Self.constant(stored, type) else { return nil }
        constant = made
      }
      values.append(constant.map { .constant($0) } ?? .unknown)
      operands.append(DelegateOperand(tensor: TensorID(index), type: type, constant: constant))
    }
    self.types = types
    self.values = values
    delegateInputs = operands
    outputCount = pattern.outputs
    declaredShape = Shape(pattern.declared) ?? .scalar
    variables = Set(pattern.inputs.indices.filter { pattern.inputs[$0]?.isVariable == true })
    intermediates = (0..<5).map {
      TensorType(
        element: $0 < 4 ? .int16 : .int8, shape: .scalar,
        quantization: Self.quantization($0 < 4 ? .int16 : .int8, scale: 0x1p-12))
    }
    let same = TensorType(element: data, shape: .scalar, quantization: quantization)
    var outputs = [same]
    if isQuantized {
      // What functions of a fixed range demand.
      let lowest = data == .int8 ? -128 : 0
      outputs += [
        same.with(.perTensor(scale: 1 / 256, zeroPoint: lowest)), same.with(Self.quantization(data, scale: 1 / 128)),
        same.with(.perTensor(scale: 1 / 32768, zeroPoint: 0)),
        same.with(.perTensor(scale: 16 / 256, zeroPoint: data == .int8 ? 127 : 255)),
      ]
    }
    guard pattern.dataInput != nil else {
      outputTypes = [same]
      return
    }
    for element in [ElementType.float32, .bool, .int32, .int64, .float16, .float64, .string] where element != data {
      outputs.append(TensorType(element: element, shape: .scalar))
    }
    for element in [ElementType.int8, .uint8, .int16] where element != data {
      outputs.append(
        TensorType(element: element, shape: .scalar, quantization: Self.quantization(element, scale: 0.5)))
    }
    outputTypes = outputs
  }

  private static func quantization(_ element: ElementType, scale: Float) -> Quantization {
    .perTensor(scale: scale, zeroPoint: element == .uint8 ? 128 : 0)
  }

  /// A constant of these numbers; nil for types that have none here.
  private static func constant(_ numbers: [Int], _ type: TensorType) -> Constant? {
    if type.element == .string {
      let strings = (0..<type.shape.elementCount).map { Array("\(numbers.count == 1 ? numbers[0] : numbers[$0])".utf8) }
      return (try? StringArray(strings)).map { Constant($0.bytes) }
    }
    guard let byteCount = type.byteCount else { return nil }
    let count = type.shape.elementCount
    let values = (0..<count).map { numbers.count == 1 ? numbers[0] : numbers[$0] }
    var bytes: [UInt8]
    func encode<T: BitwiseCopyable>(_ convert: (Int) -> T) -> [UInt8] {
      values.flatMap { value in unsafe withUnsafeBytes(of: convert(value)) { unsafe Array($0) } }
    }
    switch type.element {
    case .float32: bytes = encode { Float($0) }
    case .float64: bytes = encode { Double($0) }
    case .float16: bytes = encode { Float16($0) }
    default:
      // Integers, and what is like them: little-endian, so wider ones begin with the same byte.
      let width = type.element.bitWidth / 8
      bytes =
        width > 0
        ? values.flatMap { value in (0..<width).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 } } : []
    }
    bytes += [UInt8](repeating: 0, count: max(byteCount - bytes.count, 0))
    return unsafe (try? SharedBytes(copying: bytes.span.bytes)).map(Constant.init)
  }
}

extension TensorType {
  fileprivate func with(_ quantization: Quantization) -> TensorType {
    TensorType(element: element, shape: shape, quantization: quantization)
  }
}
