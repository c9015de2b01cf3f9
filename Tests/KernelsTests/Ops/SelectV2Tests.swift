import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct SelectV2Tests {
  private let checks = SelectionChecks(operation: SelectV2(options: .defaults))
  static let types = ElementType.allCases.filter { $0.bitWidth >= 8 }

  static let shapes: [([Int], [Int], [Int])] =
    Sizes.lengths.filter { $0 != 1 }.map { ([$0], [$0], [$0]) } + [
      ([], [], []), ([1], [4], [4]), ([2, 1], [2, 5], [1]), ([5], [2, 5], []), ([2, 5], [5], [2, 1]), ([3], [], []),
      ([1, 2, 1], [3, 1, 4], [2, 4]), ([0], [1], [1]), ([1], [0], [1]), ([2, 0, 3], [3], []), ([4, 1], [], [7]),
      ([1, 2, 1, 2, 1, 2, 1, 2], [2, 1, 2, 1, 2, 1, 2, 1], [2]), ([2, 1, 2, 1, 3, 1], [1, 3, 1, 2, 1, 5], [1]),
      ([3, 2000], [2000], [3, 1]), ([3, 1], [3, 2000], [2000]),
    ]

  @Test(arguments: shapes) func broadcasts(_ c: [Int], _ a: [Int], _ b: [Int]) throws {
    for element in [ElementType.int8, .float16, .float32, .int64, .complex128] { try checks.check(element, c, a, b) }
  }

  @Test(arguments: types) func selectsElementsOfEveryType(_ element: ElementType) throws {
    for (c, a, b) in [([2, 17], [2, 17], [2, 17]), ([2, 1], [17], []), ([17], [], [2, 1])] {
      try checks.check(element, c, a, b)
    }
  }

  /// Operands of one element keep the shape that the model declares, here that of a scalar.
  @Test func keepsTheDeclaredShapeOfOneElement() throws {
    try checks.check(.float32, [1, 1], [1], [1, 1, 1], expecting: [])
  }

  @Test func keepsBits() throws { try checks.keepsBits() }

  @Test func refusesShapes() throws {
    for (c, a, b) in [
      ([2], [3], [3]), ([3], [2], [3]), ([3], [3], [2]), ([2, 3], [2], [1]), ([0], [2], [1]),
      ([4, 1, 2], [3, 2, 2], []),
    ] { try checks.expectMismatch(c, a, b) }
  }

  @Test func refusesOtherOperands() throws { try checks.refusesOtherOperands() }
}
