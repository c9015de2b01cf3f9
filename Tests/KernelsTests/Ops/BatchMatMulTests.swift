import KernelTestSupport
import Kernels
import TensorTypes
import Testing

struct BatchCase: CustomTestStringConvertible, Sendable {
  var left: [Int]
  var right: [Int]
  var adjX = false
  var adjY = false
  var threads = 1

  var testDescription: String { "\(left)\(adjX ? "'" : "") x \(right)\(adjY ? "'" : "") threads \(threads)" }

  func operation(asymmetric: Bool = false) throws -> BatchMatMul {
    try BatchMatMul(options: .table([0: .bool(adjX), 1: .bool(adjY), 2: .bool(asymmetric)]))
  }

  var rows: Int { left[left.count - (adjX ? 1 : 2)] }
  var depth: Int { left[left.count - (adjX ? 2 : 1)] }
  var columns: Int { right[right.count - (adjY ? 2 : 1)] }
  var leftCount: Int { left.reduce(1, *) }
  var rightCount: Int { right.reduce(1, *) }

  var batch: [Int] {
    let rank = max(left.count, right.count)
    let a = [Int](repeating: 1, count: rank - left.count) + left
    let b = [Int](repeating: 1, count: rank - right.count) + right
    return (0..<rank - 2).map { a[$0] == 1 ? b[$0] : a[$0] }
  }

  /// For each element of the result, in order: the left matrix, the right matrix, row and column.
  func elements<T>(_ body: (_ left: Int, _ right: Int, _ row: Int, _ column: Int) -> T) -> [T] {
    var result: [T] = []
    for index in 0..<batch.reduce(1, *) {
      func matrix(_ shape: [Int]) -> Int {
        var (rest, offset, size) = (index, 0, 1)
        for axis in batch.indices.reversed() {
          let coordinate = rest % batch[axis]
          rest /= batch[axis]
          let own = axis - (batch.count - (shape.count - 2))
          guard own >= 0 else { continue }
          offset += (shape[own] == 1 ? 0 : coordinate) * size
          size *= shape[own]
        }
        return offset
      }
      for row in 0..<rows {
        for column in 0..<columns { result.append(body(matrix(left), matrix(right), row, column)) }
      }
    }
    return result
  }

  func leftIndex(_ matrix: Int, _ row: Int, _ k: Int) -> Int {
    matrix * rows * depth + (adjX ? k * rows + row : row * depth + k)
  }
  func rightIndex(_ matrix: Int, _ k: Int, _ column: Int) -> Int {
    matrix * columns * depth + (adjY ? column * depth + k : k * columns + column)
  }

  func sums(_ x: [Double], _ w: [Double]) -> [Double] {
    elements { l, r, row, column in
      (0..<depth).reduce(0) { $0 + x[leftIndex(l, row, $1)] * w[rightIndex(r, $1, column)] }
    }
  }
}

private let cases: [BatchCase] =
  [
    .init(left: [3, 4], right: [4, 5]), .init(left: [2, 3, 7], right: [7, 9]),
    .init(left: [2, 1, 3, 4], right: [5, 4, 2]), .init(left: [2, 2, 2, 4, 3], right: [2, 2, 2, 3, 4], threads: 2),
    .init(left: [2, 41, 33], right: [2, 41, 29], adjX: true, threads: 2),
    .init(left: [2, 3, 17], right: [2, 31, 17], adjY: true),
    .init(left: [4, 5, 6], right: [1, 7, 5], adjX: true, adjY: true),
    .init(left: [1, 33, 65], right: [3, 65, 40], threads: 2), .init(left: [2, 0], right: [0, 3]),
    .init(left: [3, 2, 0], right: [3, 0, 4]), .init(left: [0, 2, 3], right: [3, 4]),
    .init(left: [5, 1, 64], right: [5, 64, 100], threads: 2),
    .init(left: [3, 20, 24], right: [1, 24, 36], threads: 2),
  ]
  + [(3, 7), (4, 8), (5, 9), (8, 15), (15, 16), (16, 17), (7, 31), (1, 32), (32, 33), (67, 35)].map {
    BatchCase(left: [2, 3, $0.0], right: [$0.0, $0.1])
  }

@Suite struct BatchMatMulTests {
  @Test(arguments: cases) func multipliesFloats(c: BatchCase) throws {
    var generator = SeededGenerator(seed: 47)
    let x = generator.floats(c.leftCount)
    let w = generator.floats(c.rightCount)
    let expected = c.sums(x.map(Double.init), w.map(Double.init)).map { Float($0) }
    for constant in [true, false] {
      let right = try TestTensor(w, c.right)
      let result = try run(
        c.operation(), [TestTensor(x, c.left), constant ? right.constant : right], outputs: [(.float32, .none)],
        threads: c.threads)
      #expect(result[0].type.shape.dimensions == c.batch + [c.rows, c.columns])
      expectClose(result[0].floats, expected, tolerance: 2e-6)
    }
  }

  @Test(arguments: cases) func multipliesInt8(c: BatchCase) throws {
    var generator = SeededGenerator(seed: 48)
    let x: [Int8] = generator.integers(c.leftCount, in: -128...127)
    let w: [Int8] = generator.integers(c.rightCount, in: -128...127)
    let factor = Double(Float(0.05) * Float(0.02)) / Double(Float(0.1))
    let expected = c.sums(x.map { Double(Int($0) - 7) }, w.map { Double(Int($0) + 9) }).map {
      Int8(clamped(fixedPoint(Int($0), factor) - 4, -128, 127))
    }
    let left = try TestTensor(x, c.left, quantization: .perTensor(scale: 0.05, zeroPoint: 7))
    let right = try TestTensor(w, c.right, quantization: .perTensor(scale: 0.02, zeroPoint: -9))
    for constant in [true, false] {
      let result = try run(
        c.operation(), [left, constant ? right.constant : right],
        outputs: [(.int8, .perTensor(scale: 0.1, zeroPoint: -4))], threads: c.threads)
      #expect(result[0].values(Int8.self) == expected)
      let sums = try run(
        c.operation(), [left, constant ? right.constant : right], outputs: [(.int32, .none)], threads: c.threads)
      #expect(sums[0].values(Int32.self) == c.sums(x.map(Double.init), w.map(Double.init)).map { Int32($0) })
    }
  }

  @Test(arguments: cases, [false, true]) func multipliesInt16(c: BatchCase, narrow: Bool) throws {
    var generator = SeededGenerator(seed: 49)
    let x: [Int16] = generator.integers(c.leftCount, in: -32768...32767)
    let w: [Int16] = generator.integers(c.rightCount, in: narrow ? -128...127 : -32768...32767)
    let factor = Double(Float(0.0005) * Float(0.002)) / Double(Float(0.01))
    let expected = c.sums(x.map(Double.init), w.map(Double.init)).map {
      Int16(clamped(wideFixedPoint(Int($0), factor), -32768, 32767))
    }
    let quantization = Quantization.perTensor(scale: 0.002, zeroPoint: 0)
    let right =
      try narrow
      ? TestTensor(w.map { Int8($0) }, c.right, quantization: quantization)
      : TestTensor(w, c.right, quantization: quantization)
    for constant in [true, false] {
      let result = try run(
        c.operation(),
        [
          TestTensor(x, c.left, quantization: .perTensor(scale: 0.0005, zeroPoint: 0)),
          constant ? right.constant : right,
        ], outputs: [(.int16, .perTensor(scale: 0.01, zeroPoint: 0))], threads: c.threads)
      #expect(result[0].values(Int16.self) == expected)
    }
  }

  @Test(arguments: cases, [0, 1, 2, 3]) func quantisesFloatsWhileRunning(c: BatchCase, form: Int) throws {
    let asymmetric = form % 2 == 1
    let perChannel = form / 2 == 1
    var generator = SeededGenerator(seed: 50)
    let x = generator.floats(c.leftCount, in: -2...3)
    let w: [Int8] = generator.integers(c.rightCount, in: -127...127)
    let scales = perChannel ? generator.floats(c.columns, in: 0.001...0.03) : [Float(0.02)]
    let expected = c.elements { l, r, row, column -> Float in
      let q = dynamicallyQuantized((0..<c.depth).map { x[c.leftIndex(l, row, $0)] }, asymmetric: asymmetric)
      let sum = (0..<c.depth).reduce(0.0) { $0 + q.values[$1] * Double(w[c.rightIndex(r, $1, column)]) }
      return Float(sum * q.scale * Double(scales[perChannel ? column : 0]))
    }
    let quantization: Quantization =
      perChannel
      ? .perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: c.right.count - (c.adjY ? 2 : 1))
      : .perTensor(scale: 0.02, zeroPoint: 0)
    let right = try TestTensor(w, c.right, quantization: quantization)
    for constant in [true, false] {
      let result = try run(
        c.operation(asymmetric: asymmetric), [TestTensor(x, c.left), constant ? right.constant : right],
        outputs: [(.float32, .none)], threads: c.threads)
      expectClose(result[0].floats, expected, tolerance: 2e-6)
    }
  }

  @Test func refusesWhatCannotBe() throws {
    func attempt(_ left: [Int], _ right: [Int]) throws {
      let a = try TestTensor([Float](repeating: 1, count: left.reduce(1, *)), left)
      let b = try TestTensor([Float](repeating: 1, count: right.reduce(1, *)), right)
      #expect(throws: OperatorError.self) {
        try run(BatchMatMul(options: .defaults), [a, b], outputs: [(.float32, .none)])
      }
    }
    try attempt([2, 3], [2, 3])
    try attempt([3], [3, 2])
    try attempt([2, 2, 3], [3, 3, 2])
    try attempt([1, 1, 1, 1, 2, 3], [3, 2])
  }

  /// A NaN on the left reaches its row, one on the right its column.
  @Test(arguments: [false, true]) func carriesInfinitiesAndNaN(constant: Bool) throws {
    let left = try TestTensor([.nan, 1, 2, 3] as [Float], [2, 2])
    let right = try TestTensor([1, .infinity, 0, 1] as [Float], [2, 2])
    let result = try run(
      BatchMatMul(options: .defaults), [left, constant ? right.constant : right], outputs: [(.float32, .none)])[0]
    expectClose(result.floats, [.nan, .nan, 2, .infinity])
  }

  @Test(arguments: [-128, 127], [-128, 127]) func saturates(_ zero: Int, _ outputZero: Int) throws {
    let form = AffineForm(.int8, scale: 1, zeroPoint: zero)
    let far = zero == 127 ? -128 : 127
    let left = try form.tensor([Int](repeating: far, count: 64), [1, 64])
    let right = try AffineForm(.int8, scale: 1, zeroPoint: 0).tensor(
      (0..<128).map { $0 % 2 == 0 ? 127 : -127 }, [64, 2])
    let result = try run(
      BatchMatMul(options: .defaults), [left, right], outputs: [(.int8, .perTensor(scale: 1, zeroPoint: outputZero))])[
        0]
    #expect(result.values(Int8.self) == (zero == 127 ? [-128, 127] : [127, -128]))
  }

  @Test func refusesOtherElements() throws {
    let operation = try BatchMatMul(options: .defaults)
    func operands(_ left: ElementType, _ right: ElementType) throws -> [TestTensor?] {
      [try TestTensor(zeros: left, [2, 3]), try TestTensor(zeros: right, [3, 2])]
    }
    for (left, rights, outputs) in [
      (.float32, [.float32, .int8], [.float32]), (.int8, [.int8], [.int8, .int32]),
      (.int16, [.int16, .int8], [.int16]),
    ] as [(ElementType, [ElementType], [ElementType])] {
      try expectOnly(rights, for: operation, operands(left, rights[0]), changing: [1], output: outputs[0])
      try expectOnly([left], for: operation, operands(left, rights[0]), changing: [0], output: outputs[0])
      for output in ElementType.allCases {
        let result = [(output, Quantization.usual(for: output))]
        if outputs.contains(output) {
          _ = try run(operation, operands(left, rights[0]), outputs: result)
        } else {
          expectRejection(of: operation, try operands(left, rights[0]), outputs: result, "\(left) to \(output)")
        }
      }
    }
    expectOperandCounts(operation, try operands(.float32, .float32), outputs: [(.float32, .none)])
  }

  @Test func refusesQuantisations() throws {
    let operation = try BatchMatMul(options: .defaults)
    let left = try TestTensor(zeros: .int8, [2, 2])
    for quantization: Quantization in [
      .none, .perChannel(scales: [1, 2], zeroPoints: [0, 0], axis: 1), .perTensor(scale: -1, zeroPoint: 0),
      .blockwise(scales: 1, zeroPoints: nil, blockSize: 1),
    ] {
      let right = try TestTensor([1, 2, 3, 4] as [Int8], [2, 2], quantization: quantization)
      expectRejection(
        of: operation, [left, right], outputs: [(.int8, .perTensor(scale: 1, zeroPoint: 0))], "\(quantization)")
    }
    let skewed = AffineForm(.int16, scale: 1, zeroPoint: 3)
    let right = try TestTensor(zeros: .int16, [1, 1])
    expectRejection(
      .malformed, of: operation, [try skewed.tensor([1], [1, 1]), right], outputs: [(.int16, .usual(for: .int16))])
  }

  @Test(arguments: extremeScales, extremeScales) func survivesExtremeScales(_ scale: Float, _ other: Float) throws {
    let operation = try BatchMatMul(options: .defaults)
    let left = try TestTensor([127, -128] as [Int8], [1, 2], quantization: .perTensor(scale: scale, zeroPoint: -128))
    let right = try TestTensor([127, 127] as [Int8], [2, 1], quantization: .perTensor(scale: other, zeroPoint: 127))
    for last in extremeScales {
      expectSurvival {
        try run(operation, [left, right], outputs: [(.int8, .perTensor(scale: last, zeroPoint: 127))])
      }
    }
  }
}
