internal import Delegates
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// Finds out which element types an operator takes, by asking it: every pattern of operands with every element type, with several options and
/// output types, is inferred and prepared as the runtime would.
struct OperatorProbe {
  let delegates: [any Delegate]
  /// None, and some whose fields have the same number, as integer or as float.
  private let options: [OperatorOptions]

  /// What was found out about an operator.
  struct Result {
    /// The input whose type varies.
    var input = 0
    var types: Set<ElementType> = []
    /// By the delegates' names.
    var delegated: [String: Set<ElementType>] = [:]
  }

  init(delegates: [any Delegate]) throws {
    self.delegates = delegates
    options =
      [.defaults, try Self.options(first: 0, others: 2)]
      + (try [1, 2, Float(1).bitPattern].map { try Self.options(first: $0, others: $0) })
  }

  func callAsFunction(_ registration: OperatorRegistration) -> Result {
    // One result for each input that may be the varying one.
    var results: [Int: Result] = [:]
    for options in options {
      let stored: OperatorOptions
      if case .custom = registration.definition.identity {
        stored = OperatorOptions(custom: nil)
      } else {
        stored = options
      }
      guard let operation = try? registration.make(stored) else { continue }
      for pattern in OperandPattern.all where takesCount(operation, pattern) {
        var result = results[pattern.dataInput] ?? Result(input: pattern.dataInput)
        let before = result.types.count
        probe(operation, pattern, Self.commonTypes, &result)
        if result.types.count > before || !result.types.isDisjoint(with: Self.commonTypes) {
          probe(operation, pattern, Self.otherTypes, &result)
        }
        results[pattern.dataInput] = result
      }
    }
    // Where types vary is the first input that takes about as many as any: axes and indices take two or three.
    let most = results.values.map(\.types.count).max() ?? 0
    return results.values.filter { 2 * $0.types.count >= most }.min { $0.input < $1.input } ?? Result()
  }

  // An operator that takes none of these in some form takes none at all.
  private static let commonTypes: [ElementType] = [
    .float32, .int32, .int8, .bool, .int64, .string, .complex64,
  ]
  private static let otherTypes = ElementType.allCases.filter { !(commonTypes + [.resource, .variant]).contains($0) }

  /// Whether the operator may take so many operands: most say so before they look at anything else, which saves trying.
  private func takesCount(_ operation: any Operator, _ pattern: OperandPattern) -> Bool {
    let count = pattern.inputs.count
    let output = TensorType(element: .float32, shape: .scalar)
    do throws(OperatorError) {
      _ = try operation.infer(
        NodeContext(
          inputs: [TensorType?](repeating: nil, count: count),
          outputs: Array(repeating: output, count: pattern.outputs),
          values: Array(repeating: .unknown, count: count), threads: 1))
      return true
    } catch {
      return !error.description.hasSuffix(" inputs, not \(count)")
        && !error.description.hasSuffix(" outputs, not \(pattern.outputs)")
    }
  }

  private func probe(
    _ operation: any Operator, _ pattern: OperandPattern, _ types: [ElementType], _ result: inout Result
  ) {
    for type in types {
      for quantized in type.isNarrowInteger ? [true, false] : [false] {
        guard let operands = ProbeOperands(pattern, type, isQuantized: quantized) else { continue }
        for output in operands.outputTypes {
          // Nothing more can be learnt.
          if result.types.contains(type), delegates.allSatisfy({ result.delegated[$0.name]?.contains(type) == true }) {
            break
          }
          guard
            let outputs = accept(operation, operands, output, output)
              ?? (pattern.outputs > 1 ? accept(operation, operands, output, Self.index) : nil)
          else { continue }
          result.types.insert(type)
          let node = DelegateNode(
            operation: operation, inputs: operands.delegateInputs,
            outputs: outputs.enumerated().map {
              DelegateOperand(tensor: TensorID(1000 + $0), type: $1, constant: nil)
            })
          for delegate in delegates where delegate.supports(node) == .accepted {
            result.delegated[delegate.name, default: []].insert(type)
          }
        }
      }
    }
  }

  private static let index = TensorType(element: .int32, shape: .scalar)

  /// The types of the outputs, the first being declared as `output`, when the operator has a kernel for these operands.
  private func accept(_ operation: any Operator, _ operands: ProbeOperands, _ output: TensorType, _ others: TensorType)
    -> [TensorType]?
  {
    var declared = [TensorType](repeating: others, count: operands.outputCount)
    if !declared.isEmpty { declared[0] = output }
    if let elements = operation.outputElements(operands.types) {
      for (index, element) in zip(declared.indices, elements) { declared[index].element = element }
    }
    func context(_ outputs: [TensorType]) -> NodeContext {
      NodeContext(inputs: operands.types, outputs: outputs, values: operands.values, threads: 1)
    }
    do throws(OperatorError) {
      let shapes = try operation.infer(context(declared))
      guard shapes.count == declared.count else { return nil }
      let outputs = zip(declared, shapes).map { $0.with(shape: $1) }
      _ = try operation.prepare(context(outputs))
      return outputs
    } catch {
      return nil
    }
  }

  /// A FlatBuffer table of sixteen fields, of which all but the first have the same value, whatever their width.
  private static func options(first: UInt32, others: UInt32) throws -> OperatorOptions {
    let slots = 16
    let vtable = 8
    let table = vtable + 4 + 2 * slots + 4
    var bytes = [UInt8](repeating: 0, count: table + 24)
    bytes[0] = UInt8(table)
    bytes[vtable] = UInt8(4 + 2 * slots)
    bytes[vtable + 2] = 24
    for slot in 0..<slots { bytes[vtable + 4 + 2 * slot] = slot == 0 ? 8 : 16 }
    bytes[table] = UInt8(table - vtable)
    for byte in 0..<4 {
      bytes[table + 8 + byte] = UInt8(truncatingIfNeeded: first >> (8 * UInt32(byte)))
      bytes[table + 16 + byte] = UInt8(truncatingIfNeeded: others >> (8 * UInt32(byte)))
    }
    return OperatorOptions(table: try FlatBufferTable(rootOf: unsafe try SharedBytes(copying: bytes.span.bytes)))
  }
}

/// A pattern with an element type.
struct ProbeOperands {
  let types: [TensorType?]
  let values: [NodeContext.Value]
  let delegateInputs: [DelegateOperand?]
  let outputCount: Int
  /// Types that the outputs may have, of a scalar's shape.
  let outputTypes: [TensorType]

  init?(_ pattern: OperandPattern, _ data: ElementType, isQuantized: Bool) {
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
        if data == .int16, isQuantized {
          type.element = .int8
          type.quantization = Self.quantization(.int8, scale: 0.5)
        }
      case .bias:
        if isQuantized {
          type.element = data == .int16 ? .int64 : .int32
          type.quantization = .perTensor(scale: 0.25, zeroPoint: 0)
        }
      case .fixed(let element): type = TensorType(element: element, shape: type.shape)
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
    for element in [ElementType.float32, .bool, .int32, .int64, .float16, .float64] where element != data {
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
