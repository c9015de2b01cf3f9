import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ExpandDimsTests {
  private let operation = ExpandDims(options: .defaults)

  @Test(arguments: Sizes.shapes) func insertsADimension(_ dimensions: [Int]) throws {
    let input = Grid.numbered(dimensions)
    for axis in -dimensions.count - 1...dimensions.count {
      var expected = input
      expected.dimensions.insert(1, at: axis < 0 ? axis + dimensions.count + 1 : axis)
      for constant in [true, false] {
        try expectMoved(
          operation, [try input.tensor(.int16), try vector([axis], .int64, constant: constant)], .int16, expected)
      }
    }
  }

  /// The same bytes, of every width and at every length around it; also where the runtime does not share the memory.
  @Test(arguments: ElementType.movable) func keepsTheBytes(_ element: ElementType) throws {
    #expect(operation.sharing == .view(of: 0))
    for count in Sizes.lengths {
      let input = Grid.numbered([count])
      let axis = try TestTensor([0] as [Int32], []).constant
      try expectMoved(operation, [try input.tensor(element), axis], element, Grid([1, count], values: input.values))
    }
  }

  @Test(arguments: [[3], [-4], [Int(Int32.max)], [Int(Int32.min)], [], [0, 1]]) func refusesAxes(_ axis: [Int]) throws {
    expectRejection(
      .malformed, of: operation, [try TestTensor([1, 2] as [Float], [1, 2]), try vector(axis)],
      outputs: [(.float32, .none)])
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor([1] as [Float]), try vector([0])]
    try expectOnly(ElementType.movable + [.string], for: operation, inputs)
    try expectOnly([.int32, .int64], for: operation, inputs, changing: [1], output: .float32)
    expectOperandCounts(operation, inputs, outputs: [(.float32, .none)])
    expectRejection(.malformed, of: operation, inputs, outputs: [(.int32, .none)])
  }
}
