import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ResizeNearestNeighborTests {
  private static func operation(corners: Bool, centers: Bool) throws -> ResizeNearestNeighbor {
    try ResizeNearestNeighbor(options: .table([0: .bool(corners), 1: .bool(centers)]))
  }

  /// The pixel that lies under a position of the result; positions are computed in single precision.
  private func source(_ index: Int, _ input: Int, _ output: Int, corners: Bool, centers: Bool) -> Int {
    let scale =
      corners && output > 1 ? Float(input - 1) / Float(output - 1) : Float(input) / Float(output)
    let position = (Float(index) + (centers ? 0.5 : 0)) * scale
    return min(Int(corners ? position.rounded(.toNearestOrAwayFromZero) : position.rounded(.down)), input - 1)
  }

  private func check(
    _ element: ElementType, _ dimensions: [Int], _ size: [Int], corners: Bool, centers: Bool
  ) throws {
    let input = Grid(dimensions, of: element)
    let expected = Grid<UInt128>([dimensions[0], size[0], size[1], dimensions[3]]) { place in
      input[
        [
          place[0], source(place[1], dimensions[1], size[0], corners: corners, centers: centers),
          source(place[2], dimensions[2], size[1], corners: corners, centers: centers), place[3],
        ]]
    }
    try expectMoved(
      Self.operation(corners: corners, centers: centers), element,
      [input.tensor(element), TestTensor(integers: size, as: .int32)], [expected])
  }

  static let cases: [([Int], [Int])] =
    Sizes.lengths.map { ([1, 2, 3, $0], [3, 4]) } + [
      ([2, 3, 5, 2], [3, 5]), ([2, 3, 5, 2], [6, 10]), ([2, 4, 6, 3], [2, 3]), ([1, 7, 9, 1], [4, 13]),
      ([1, 1, 1, 3], [5, 6]), ([1, 6, 6, 2], [1, 1]), ([0, 2, 2, 1], [4, 4]), ([1, 30, 20, 4], [60, 45]),
    ]

  @Test(arguments: cases, [(false, false), (true, false), (false, true), (true, true)])
  func takesTheNearestPixel(_ sizes: ([Int], [Int]), _ flags: (Bool, Bool)) throws {
    for element in [ElementType.int8, .float32] {
      try check(element, sizes.0, sizes.1, corners: flags.0, centers: flags.1)
    }
  }

  @Test(arguments: ElementType.allCases.filter { $0.bitWidth >= 8 })
  func takesPixelsOfEveryType(_ element: ElementType) throws {
    try check(element, [2, 3, 5, 1], [5, 7], corners: false, centers: true)
    try check(element, [2, 3, 5, 3], [5, 7], corners: true, centers: false)
  }

  @Test func refusesOtherOperands() throws {
    let operation = try Self.operation(corners: false, centers: false)
    try ResizingChecks.expectRejections(operation, supported: ElementType.allCases.filter { $0.bitWidth >= 8 })
  }
}
