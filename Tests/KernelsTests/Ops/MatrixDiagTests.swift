import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct MatrixDiagTests {
  private func check<T: FixedWidthInteger & BitwiseCopyable>(_ dimensions: [Int], _: T.Type, threads: Int = 1) throws {
    let count = dimensions.reduce(1, *)
    let x = (0..<count).map { T(truncatingIfNeeded: $0 + 1) }
    let result = try run(
      MatrixDiag(options: .defaults), [TestTensor(x, dimensions)],
      outputs: [(TestTensor(x, dimensions).type.element, .none)], threads: threads)
    let size = dimensions.last ?? 0
    var expected: [T] = []
    for row in 0..<count { expected += (0..<size).map { $0 == row % size ? x[row] : 0 } }
    #expect(result[0].type.shape.dimensions == dimensions + [size])
    #expect(result[0].values() == expected)
  }

  @Test(arguments: [[1], [3], [4], [5], [2, 3], [2, 2, 11], [0], [0, 3], [3, 0], [1, 2, 1, 2, 2]])
  func placesRows(dimensions: [Int]) throws {
    try check(dimensions, Int32.self)
    try check(dimensions, Int8.self)
    try check(dimensions, UInt8.self)
    try check(dimensions, Int16.self)
    try check(dimensions, Int64.self)
  }

  @Test func runsOnThreads() throws { try check([3, 211], Int32.self, threads: 3) }

  @Test func keepsFloatBits() throws {
    let x = [Float.nan, -0.0, .infinity]
    let result = try run(MatrixDiag(options: .defaults), [TestTensor(x)], outputs: [(.float32, .none)])
    #expect(result[0].values(UInt32.self) == [x[0].bitPattern, 0, 0, 0, x[1].bitPattern, 0, 0, 0, x[2].bitPattern])
  }

  @Test func theOutputHasTheInputsType() throws {
    let result = try run(MatrixDiag(options: .defaults), [TestTensor([5] as [Int64])], outputs: [(.float32, .none)])
    #expect(result[0].values(Int64.self) == [5])
  }

  @Test func refusesScalarsAndPackedElements() throws {
    #expect(throws: OperatorError.self) {
      try run(MatrixDiag(options: .defaults), [TestTensor([1] as [Float], [])], outputs: [(.float32, .none)])
    }
    var packed = try TestTensor([1] as [UInt8])
    packed.type.element = .int4
    #expect(throws: OperatorError.self) {
      try run(MatrixDiag(options: .defaults), [packed], outputs: [(.int4, .none)])
    }
    #expect(throws: OperatorError.self) { try run(MatrixDiag(options: .defaults), [], outputs: [(.uint8, .none)]) }
  }
}
