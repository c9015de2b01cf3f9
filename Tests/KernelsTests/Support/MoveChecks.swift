import KernelTestSupport
import Kernels
import TensorTypes
import Testing

extension ElementType {
  /// Types of one to eight bytes.
  static let wholeBytes = allCases.filter { $0.bitWidth >= 8 && $0.bitWidth <= 64 }
  /// One type of each width.
  static let widths: [ElementType] = [.int2, .int4, .int8, .float16, .int32, .int64, .complex128]

  /// One type of each width for a small tensor, one only for a large one.
  static func widths(for dimensions: [Int]) -> [ElementType] {
    dimensions.reduce(1, *) < 1000 ? widths : [.int64]
  }
}

/// Elements of any type of fixed width as their bits, for operators that only move elements.
extension Grid<UInt128> {
  /// A grid of bit patterns that differ as far as the type has so many.
  init(_ dimensions: [Int], of element: ElementType, from start: UInt128 = 0) {
    var next = start
    let mask: UInt128 = element.bitWidth == 128 ? .max : (1 << UInt128(element.bitWidth)) - 1
    self.init(dimensions) { _ in
      next += 1
      return next &* 0x9E37_79B9_7F4A_7C15_BF58_476D_1CE4_E5B9 & mask
    }
  }

  /// The elements as a tensor stores them, those below a byte packed.
  func bytes(_ element: ElementType) -> [UInt8] {
    func store<T: FixedWidthInteger>(_: T.Type) -> [UInt8] {
      values.map { T(truncatingIfNeeded: $0) }.withUnsafeBytes { Array($0) }
    }
    let width = element.bitWidth
    switch width {
    case 8: return store(UInt8.self)
    case 16: return store(UInt16.self)
    case 32: return store(UInt32.self)
    case 64: return store(UInt64.self)
    case 128: return store(UInt128.self)
    default:
      var bytes = [UInt8](repeating: 0, count: (values.count * width + 7) / 8)
      for (index, value) in values.enumerated() {
        bytes[index * width / 8] |= UInt8(truncatingIfNeeded: value) << UInt8(index * width % 8)
      }
      return bytes
    }
  }

  func tensor(_ element: ElementType, _ quantization: Quantization = .none) throws -> TestTensor {
    try TestTensor(bytes(element), dimensions, element: element, quantization: quantization)
  }
}

extension Grid where Element == Int {
  /// Elements numbered in row-major order.
  static func numbered(_ dimensions: [Int], from first: Int = 1) -> Grid {
    Grid(dimensions, values: (0..<dimensions.reduce(1, *)).map { first + $0 })
  }

  /// A tensor whose elements have bits that follow from the numbers.
  func tensor(_ element: ElementType) throws -> TestTensor {
    try TestTensor(patterns: values, dimensions, as: element, quantization: .usual(for: element))
  }
}

/// Runs an operator that only moves elements and expects these outputs.
private func expectMoved(
  _ operation: any Operator, _ inputs: [TestTensor?], to expected: [TestTensor], threads: Int,
  _ sourceLocation: SourceLocation
) throws {
  let results = try run(
    operation, inputs, outputs: expected.map { ($0.type.element, $0.type.quantization) }, threads: threads,
    sourceLocation: sourceLocation)
  for (result, wanted) in zip(results, expected) {
    #expect(result.type.shape == wanted.type.shape, sourceLocation: sourceLocation)
    // The bits behind the last of several elements in a byte mean nothing.
    let isPacked = result.type.element.bitWidth < 8
    let isSame = isPacked ? result.integers == wanted.integers : result.bytes == wanted.bytes
    if !isSame { Issue.record("\(wanted.type) with \(threads) threads", sourceLocation: sourceLocation) }
  }
}

/// Runs an operator that moves elements and expects outputs of these shapes and bits, with the other operands (axes, sizes, …) as constants and
/// computed; on several threads where there is enough to move.
///
/// - Parameter moved: the inputs that hold the elements.
func expectMoved(
  _ operation: any Operator, _ element: ElementType, _ inputs: [TestTensor], moved: Set<Int> = [0],
  _ expected: [Grid<UInt128>], quantization: Quantization = .none, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let isLarge = expected.contains { $0.values.count * element.bitWidth > 1 << 17 }
  let hasOthers = inputs.count > moved.count
  for (threads, isConstant) in isLarge ? [(1, true), (3, false)] : hasOthers ? [(1, true), (1, false)] : [(1, true)] {
    let operands = inputs.enumerated().map { index, tensor -> TestTensor in
      isConstant && !moved.contains(index) ? tensor.constant : tensor
    }
    try expectMoved(
      operation, operands, to: expected.map { try $0.tensor(element, quantization) }, threads: threads, sourceLocation)
  }
}

/// Runs an operator that moves elements, where there are many on one thread and on three, and expects the numbered elements at these places.
func expectMoved(
  _ operation: any Operator, _ inputs: [TestTensor?], _ element: ElementType, _ expected: Grid<Int>,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  for threads in Set([1, Sizes.threads(expected.values.count)]) {
    try expectMoved(operation, inputs, to: [try expected.tensor(element)], threads: threads, sourceLocation)
  }
}

/// Expects a typed error for each of these values of one operand (as a vector, or shaped like the accepted one), constant or computed.
func expectRejectedValues(
  _ operation: any Operator, _ inputs: [TestTensor], operand: Int, _ values: [[Int]],
  outputs: [(ElementType, Quantization)], sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let accepted = inputs[operand].type
  for value in values {
    var operands = inputs
    let keepsShape = value.count == accepted.shape.elementCount
    operands[operand] = try TestTensor(
      integers: value, keepsShape ? accepted.shape.dimensions : [value.count], as: accepted.element)
    for isConstant in [true, false] {
      operands[operand].isConstant = isConstant
      expectRejection(of: operation, operands, outputs: outputs, "\(value)", sourceLocation: sourceLocation)
    }
  }
}

/// A vector of integers for shapes, axes and positions.
func vector(_ values: [Int], _ element: ElementType = .int32, constant: Bool = true) throws -> TestTensor {
  let tensor = try TestTensor(integers: values, as: element)
  return constant ? tensor.constant : tensor
}
