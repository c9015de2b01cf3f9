import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SelectTests {
  private let checks = SelectionChecks(operation: Select(options: .defaults))
  static let types = ElementType.allCases.filter { $0.bitWidth >= 8 }

  @Test(arguments: Sizes.lengths.map { [$0] } + Sizes.shapes + [[3, 3000]]) func selects(_ dimensions: [Int]) throws {
    let isSingle = dimensions.reduce(1, *) == 1
    for element in [ElementType.int8, .float16, .float32, .int64, .complex128] {
      // One element keeps the declared shape, here that of a scalar.
      let shape = isSingle ? [] : dimensions
      try checks.check(element, dimensions, dimensions, dimensions, expecting: shape)
      try checks.check(element, [], dimensions, dimensions, expecting: shape)
    }
  }

  @Test(arguments: types) func selectsElementsOfEveryType(_ element: ElementType) throws {
    try checks.check(element, [2, 17], [2, 17], [2, 17])
    try checks.check(element, [], [2, 17], [2, 17])
  }

  /// A vector chooses whole slices along the first dimension.
  @Test(arguments: [[4, 3], [3, 3], [1, 5], [0, 5], [5, 0], [2, 3, 4, 5], [3, 2, 1, 2, 1, 2, 1, 2], [5, 2000]])
  func selectsAlongTheFirstDimension(_ dimensions: [Int]) throws {
    let column = [dimensions[0]] + dimensions.dropFirst().map { _ in 1 }
    for element in [ElementType.int8, .float32] {
      try checks.check(element, [dimensions[0]], dimensions, dimensions, conditionAs: column)
    }
  }

  @Test func keepsBits() throws { try checks.keepsBits() }

  /// There is no broadcasting but that of the condition.
  @Test func refusesShapes() throws {
    for (c, a, b) in [
      ([3], [2, 2], [2, 2]), ([2], [2, 3], [3]), ([2, 3], [2, 3], [3]), ([2, 1], [2, 3], [2, 3]), ([2, 3], [3], [3]),
      ([], [2], [1]), ([1], [2, 3], [2, 3]), ([2], [], []), ([3], [2, 3], [2, 3]),
    ] { try checks.expectMismatch(c, a, b) }
  }

  @Test func refusesOtherOperands() throws { try checks.refusesOtherOperands() }
}
