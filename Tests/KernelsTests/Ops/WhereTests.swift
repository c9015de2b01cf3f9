import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct WhereTests {
  private let operation = Where(options: .defaults)
  static let types: [ElementType] = [.bool, .float32, .int8, .uint8, .int32, .uint32, .int64]

  @Test(arguments: types) func listsWhatIsNotZero(_ element: ElementType) throws {
    var generator = SeededGenerator(seed: 12)
    for dimensions in Sizes.lengths.map({ [$0] }) + Sizes.shapes where !dimensions.isEmpty {
      let values = generator.integers(dimensions.reduce(1, *), in: 0...2)
      let input = try TestTensor(integers: values, dimensions, as: element)
      let expected = zip(Grid<Int>.coordinates(dimensions), values).filter { $0.1 != 0 }.flatMap { $0.0 }
      for tensor in [input, input.constant] {
        let result = try run(operation, [tensor], outputs: [(.int64, .none)])[0]
        #expect(result.type.shape.dimensions == [values.filter { $0 != 0 }.count, dimensions.count])
        #expect(result.integers == expected)
      }
    }
  }

  /// A single bit anywhere makes an element count, except the sign of a zero.
  @Test(arguments: types) func seesEveryBit(_ element: ElementType) throws {
    let width = element.bitWidth
    let input = Grid<UInt128>([width]) { 1 << UInt128($0[0]) }
    let result = try run(operation, [input.tensor(element)], outputs: [(.int64, .none)])[0]
    #expect(result.integers == Array(0..<(element == .float32 ? width - 1 : width)))
  }

  @Test func takesNaNAndNotMinusZero() throws {
    let input = try TestTensor([0, 2, -0.0, .nan, -.infinity, .leastNonzeroMagnitude] as [Float], [2, 3])
    let result = try run(operation, [input], outputs: [(.int64, .none)])[0]
    #expect(result.integers == [0, 1, 1, 0, 1, 1, 1, 2])
  }

  @Test func findsNothingAndAll() throws {
    for (value, count) in [(false, 0), (true, 6)] {
      let input = try TestTensor([Bool](repeating: value, count: 6), [1, 6, 1])
      let result = try run(operation, [input], outputs: [(.int64, .none)])[0]
      #expect(result.type.shape.dimensions == [count, 3])
    }
  }

  @Test func refusesOtherOperands() throws {
    let inputs = [try TestTensor(zeros: .bool, [2])]
    try expectOnly(Self.types, for: operation, inputs, output: .int64)
    expectRejection(.malformed, of: operation, [try TestTensor(zeros: .bool, [])], outputs: [(.int64, .none)])
    for element in ElementType.allCases where element != .int64 {
      expectRejection(.malformed, of: operation, inputs, outputs: [(element, .none)], "\(element) output")
    }
    expectOperandCounts(operation, inputs, outputs: [(.int64, .none)])
  }
}
