import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct FillTests {
  private static let types = ElementType.movable.filter { $0.bitWidth >= 8 && $0.bitWidth <= 64 }
  private let operation = Fill(options: .defaults)

  @Test(arguments: types) func repeatsTheValue(_ element: ElementType) throws {
    let value = Grid([], values: [77])
    for dimensions in Sizes.lengths.map({ [$0] }) + Sizes.shapes + (element == .uint8 ? [[7, 10_001]] : []) {
      let shape = try TestTensor(dimensions.map { Int32($0) })
      try expectMoved(
        operation, [dimensions.count % 2 == 0 ? shape : shape.constant, try value.tensor(element)], element,
        Grid(dimensions) { _ in 77 })
    }
  }

  @Test func takesWideShapes() throws {
    let value = try TestTensor([-2.5] as [Float], []).constant
    let result = try run(operation, [vector([2, 3], .int64), value], outputs: [(.float32, .none)])[0]
    #expect(result.floats == [Float](repeating: -2.5, count: 6))
  }

  @Test(arguments: [
    [-1], [2, -1], [Int(Int32.max), Int(Int32.max), Int(Int32.max)], [1 << 32], [Int.max], [Int.min],
  ])
  func refusesShapes(_ shape: [Int]) throws {
    expectRejection(
      .malformed, of: operation, [try vector(shape, .int64), try TestTensor([1] as [Float], [])],
      outputs: [(.float32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try vector([2]), try TestTensor([1] as [Float], [])]
    try expectOnly(Self.types + [.string], for: operation, inputs, changing: [1])
    try expectOnly([.int32, .int64], for: operation, inputs, changing: [0], output: .float32)
    expectOperandCounts(operation, inputs, outputs: [(.float32, .none)])
    expectRejection(.malformed, of: operation, inputs, outputs: [(.int32, .none)])
    let values = try TestTensor([1] as [Float], [1])
    expectRejection(.malformed, of: operation, [inputs[0], values], outputs: [(.float32, .none)])
    for dimensions in [[], [1, 1]] {
      let shape = try TestTensor([2] as [Int32], dimensions)
      expectRejection(.malformed, of: operation, [shape, inputs[1]], outputs: [(.float32, .none)])
    }
  }
}
