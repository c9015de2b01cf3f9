import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ShapeOfTests {
  private let operation = ShapeOf(options: .defaults)

  @Test(arguments: ElementType.allCases, [ElementType.int32, .int64])
  func listsDimensions(_ element: ElementType, _ output: ElementType) throws {
    for dimensions in Sizes.shapes {
      let result = try run(operation, [TestTensor(zeros: element, dimensions)], outputs: [(output, .none)])[0]
      #expect(result.type.shape.dimensions == [dimensions.count])
      #expect(result.integers == dimensions)
    }
  }

  @Test(arguments: [ElementType.int32, .int64]) func listsTheLargestDimension(_ output: ElementType) throws {
    let dimensions = [Int(Int32.max), 0, 1]
    let result = try run(operation, [TestTensor(zeros: .int8, dimensions)], outputs: [(output, .none)])[0]
    #expect(result.integers == dimensions)
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .float32, [2])]
    for element in ElementType.allCases where element != .int32 && element != .int64 {
      expectRejection(.malformed, of: operation, inputs, outputs: [(element, .none)], "\(element)")
    }
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)])
  }
}
