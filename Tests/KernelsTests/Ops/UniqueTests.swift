import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct UniqueTests {
  private func unique(_ x: TestTensor, wide: Bool = false) throws -> [TestTensor] {
    let index: ElementType = wide ? .int64 : .int32
    return try run(
      Unique(options: .table([0: .int8(Int8(index.rawValue))])), [x],
      outputs: [(x.type.element, .none), (index, .none)])
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5, 11, 64, 500]) func findsValuesInOrder(count: Int) throws {
    func check<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws {
      for spread in [1, 3, 1000] {
        var generator = SeededGenerator(seed: UInt64(count + spread))
        let x = (0..<count).map { _ in T(truncatingIfNeeded: Int.random(in: -spread...spread, using: &generator)) }
        var values: [T] = []
        for value in x where !values.contains(value) { values.append(value) }
        let places = x.map { value in values.firstIndex(of: value) ?? -1 }
        let narrow = try unique(TestTensor(x))
        #expect(narrow[0].values() == values)
        #expect(narrow[1].values(Int32.self).map { Int($0) } == places)
        let wide = try unique(TestTensor(x).constant, wide: true)
        #expect(wide[0].values() == values)
        #expect(wide[1].values(Int64.self).map { Int($0) } == places)
      }
    }
    try check(Int8.self)
    try check(UInt8.self)
    try check(Int16.self)
    try check(Int32.self)
    try check(Int64.self)
  }

  @Test func findsFloats() throws {
    let result = try unique(TestTensor([2, -0.0, 2, 0, .infinity, -.infinity, .infinity] as [Float]))
    #expect(result[0].floats == [2, 0, .infinity, -.infinity])
    #expect(result[0].floats[1].sign == .minus)
    #expect(result[1].values(Int32.self) == [0, 1, 0, 1, 2, 3, 2])
  }

  @Test func aNaNEqualsTheLeastValueBefore() throws {
    let later = try unique(TestTensor([3, .nan, 1, .nan, 2, 3] as [Float]))
    #expect(later[0].floats == [3, 1, 2])
    #expect(later[1].values(Int32.self) == [0, 0, 1, 1, 2, 0])
    let first = try unique(TestTensor([.nan, 1, 2] as [Float]))
    #expect(first[0].floats.count == 1)
    #expect(first[1].values(Int32.self) == [0, 0, 0])
  }

  @Test func refusesOtherTypesAndShapes() throws {
    #expect(throws: OperatorError.self) { try Unique(options: .table([0: .int8(7)])) }
    #expect(throws: OperatorError.self) { try Unique(options: .table([0: .int8(100)])) }
    #expect(throws: OperatorError.self) { try unique(TestTensor([1, 2] as [Int32], [2, 1])) }
    #expect(throws: OperatorError.self) { try unique(TestTensor([1] as [Int32], [])) }
    #expect(throws: OperatorError.self) { try unique(TestTensor([1] as [Double])) }
    #expect(throws: OperatorError.self) {
      try run(
        Unique(options: .defaults), [TestTensor([1] as [Int32])], outputs: [(.int32, .none), (.int64, .none)])
    }
  }
}
