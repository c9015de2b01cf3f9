import KernelTestSupport
import Kernels
import TensorTypes
import Testing

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

/// Runs an operator that only moves elements, where there are many on one thread and on three, and expects the numbered elements at these places.
func expectMoved(
  _ operation: any Operator, _ inputs: [TestTensor?], _ element: ElementType, _ expected: Grid<Int>,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let wanted = try expected.tensor(element)
  for threads in Set([1, Sizes.threads(expected.values.count)]) {
    let result = try run(
      operation, inputs, outputs: [(element, .usual(for: element))], threads: threads, sourceLocation: sourceLocation)[
        0]
    #expect(result.type.shape == wanted.type.shape, sourceLocation: sourceLocation)
    // The bits behind the last of several elements in a byte mean nothing.
    let isSame = element.bitWidth < 8 ? result.integers == wanted.integers : result.bytes == wanted.bytes
    if !isSame { Issue.record("\(element) with \(threads) threads", sourceLocation: sourceLocation) }
  }
}

/// A vector of integers for shapes, axes and positions.
func vector(_ values: [Int], _ element: ElementType = .int32, constant: Bool = true) throws -> TestTensor {
  let tensor = try TestTensor(integers: values, as: element)
  return constant ? tensor.constant : tensor
}
