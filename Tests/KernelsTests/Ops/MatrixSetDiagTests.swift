import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct MatrixSetDiagTests {
  @Test(arguments: [
    [1, 1], [2, 3], [3, 2], [4, 4], [2, 3, 5], [2, 2, 5, 3], [0, 2, 2], [2, 0, 3], [2, 3, 0], [1, 11],
  ])
  func replacesDiagonals(dimensions: [Int]) throws {
    let (rows, columns) = (dimensions[dimensions.count - 2], dimensions[dimensions.count - 1])
    let length = min(rows, columns)
    let batch = dimensions.dropLast(2).reduce(1, *)
    let diagonalShape = dimensions.dropLast(2) + [length]
    func check<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws {
      let x = (0..<dimensions.reduce(1, *)).map { T(truncatingIfNeeded: $0) }
      let d = (0..<batch * length).map { T(truncatingIfNeeded: 100 + $0) }
      let element = try TestTensor(x, dimensions).type.element
      let result = try run(
        MatrixSetDiag(options: .defaults), [TestTensor(x, dimensions), TestTensor(d, Array(diagonalShape))],
        outputs: [(element, .none)], threads: 2)
      var expected = x
      for b in 0..<batch {
        for i in 0..<length { expected[(b * rows + i) * columns + i] = d[b * length + i] }
      }
      #expect(result[0].values() == expected)
      #expect(result[0].type.shape.dimensions == dimensions)
    }
    try check(Int8.self)
    try check(UInt8.self)
    try check(Int16.self)
    try check(Int32.self)
    try check(Int64.self)
  }

  @Test func keepsFloatBits() throws {
    let result = try run(
      MatrixSetDiag(options: .defaults),
      [TestTensor([1, Float.nan, -0.0, 4], [2, 2]), TestTensor([-Float.infinity, .nan], [2])],
      outputs: [(.float32, .none)])
    #expect(
      result[0].values(UInt32.self)
        == [-Float.infinity, .nan, -0.0, .nan].map(\.bitPattern))
  }

  @Test func refusesWhatDoesNotFit() throws {
    let x = try TestTensor([Float](repeating: 0, count: 6), [2, 3])
    for diagonal in [
      try TestTensor([1] as [Float]), try TestTensor([1, 2, 3] as [Float]), try TestTensor([1, 2] as [Int32]),
    ] {
      #expect(throws: OperatorError.self) {
        try run(MatrixSetDiag(options: .defaults), [x, diagonal], outputs: [(.float32, .none)])
      }
    }
    #expect(throws: OperatorError.self) {
      try run(
        MatrixSetDiag(options: .defaults), [TestTensor([1] as [Float]), TestTensor([1] as [Float])],
        outputs: [(.float32, .none)])
    }
    #expect(throws: OperatorError.self) {
      try run(MatrixSetDiag(options: .defaults), [x, nil], outputs: [(.float32, .none)])
    }
  }
}
