import KernelTestSupport
import Kernels
import TensorTypes
import Testing

struct ProductCase: CustomTestStringConvertible, Sendable {
  var rows: Int
  var columns: Int
  var depth: Int
  var activation: Int8 = 0
  var threads = 1

  var testDescription: String { "\(rows)x\(columns)x\(depth) act \(activation) threads \(threads)" }

  func operation(
    keep: Bool = false, asymmetric: Bool = false, biasType: ElementType = .float32
  ) throws -> FullyConnected {
    try FullyConnected(
      options: .table([
        0: .int8(activation), 2: .bool(keep), 3: .bool(asymmetric), 4: .int8(Int8(biasType.rawValue)),
      ]))
  }

  var ranges: ConvolutionCase { ConvolutionCase(input: [], filter: [], activation: activation) }

  /// Sums of products of rows of `x` and rows of `w`.
  func sums(_ x: [Double], _ w: [Double]) -> [Double] {
    (0..<rows).flatMap { r in
      (0..<columns).map { c in (0..<depth).reduce(0) { $0 + x[r * depth + $1] * w[c * depth + $1] } }
    }
  }
}

private let cases: [ProductCase] =
  [
    .init(rows: 1, columns: 1, depth: 1), .init(rows: 2, columns: 3, depth: 4, activation: 1),
    .init(rows: 1, columns: 33, depth: 65), .init(rows: 13, columns: 31, depth: 17, activation: 3, threads: 2),
    .init(rows: 5, columns: 100, depth: 130, threads: 2), .init(rows: 0, columns: 4, depth: 3),
    .init(rows: 1, columns: 200, depth: 500, threads: 2), .init(rows: 7, columns: 20, depth: 9, activation: 2),
    .init(rows: 26, columns: 64, depth: 48),
  ]
  + [(3, 7), (4, 8), (5, 9), (8, 15), (15, 16), (16, 17), (7, 31), (1, 32), (32, 33), (67, 35)].map {
    ProductCase(rows: 3, columns: $0.0, depth: $0.1)
  }

private func rounded(_ value: Double) -> Int { Int(value.rounded(.toNearestOrAwayFromZero)) }

@Suite struct FullyConnectedTests {
  @Test(arguments: cases) func multipliesFloats(c: ProductCase) throws {
    var generator = SeededGenerator(seed: 37)
    let x = generator.floats(c.rows * c.depth)
    let w = generator.floats(c.columns * c.depth)
    let b = generator.floats(c.columns)
    let (low, high) = c.ranges.floatRange
    let sums = c.sums(x.map(Double.init), w.map(Double.init))
    for constant in [true, false] {
      let weights = try TestTensor(w, [c.columns, c.depth])
      let bias = try TestTensor(b)
      let result = try run(
        c.operation(),
        [TestTensor(x, [c.rows, c.depth]), constant ? weights.constant : weights, constant ? bias.constant : bias],
        outputs: [(.float32, .none)], threads: c.threads)
      expectClose(
        result[0].floats, sums.enumerated().map { Float(min(max($1 + Double(b[$0 % c.columns]), low), high)) },
        tolerance: 2e-6)
      let without = try run(
        c.operation(keep: true), [TestTensor(x, [1, c.rows, c.depth]), constant ? weights.constant : weights, nil],
        outputs: [(.float32, .none)], threads: c.threads)
      #expect(without[0].type.shape.dimensions == [1, c.rows, c.columns])
      expectClose(without[0].floats, sums.map { Float(min(max($0, low), high)) }, tolerance: 2e-6)
    }
  }

  /// Weight types: int8 per tensor with a zero point, int8 per channel, int4, int2; output int8 or int16.
  @Test(arguments: cases, [0, 1, 2, 3, 4]) func multipliesInt8(c: ProductCase, form: Int) throws {
    var generator = SeededGenerator(seed: 38)
    let x: [Int8] = generator.integers(c.rows * c.depth, in: -128...127)
    let w: [Int8] = generator.integers(
      c.columns * c.depth, in: [-128...127, -127...127, -8...7, -2...1, -127...127][form])
    let b: [Int32] = generator.integers(c.columns, in: -2000...2000)
    let scales = form == 0 ? [Float(0.02)] : generator.floats(c.columns, in: 0.001...0.03)
    let zero = form == 0 ? 3 : 0
    let quantization: Quantization =
      form == 0
      ? .perTensor(scale: 0.02, zeroPoint: 3)
      : .perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 0)
    let weights =
      switch form {
      case 2: try TestTensor.packed(w, [c.columns, c.depth], bits: 4, quantization)
      case 3: try TestTensor.packed(w, [c.columns, c.depth], bits: 2, quantization)
      default: try TestTensor(w, [c.columns, c.depth], quantization: quantization)
      }
    let sums = c.sums(x.map { Double(Int($0) + 11) }, w.map { Double(Int($0) - zero) })
    let outputZero = form == 4 ? 0 : -5
    let (low, high) = c.ranges.range(
      scale: 0.07, zeroPoint: outputZero, form == 4 ? -32768 : -128, form == 4 ? 32767 : 127)
    let expected = sums.enumerated().map { i, sum -> Int in
      let column = i % c.columns
      let factor = Double(Float(0.05)) * Double(scales[scales.count == 1 ? 0 : column]) / Double(Float(0.07))
      return clamped(rounded((sum + Double(b[column])) * factor) + outputZero, low, high)
    }
    for constant in form == 2 || form == 3 ? [true] : [true, false] {
      let result = try run(
        c.operation(),
        [
          TestTensor(x, [c.rows, c.depth], quantization: .perTensor(scale: 0.05, zeroPoint: -11)),
          constant ? weights.constant : weights,
          TestTensor(b, quantization: .perTensor(scale: 0.001, zeroPoint: 0)).constant,
        ], outputs: [(form == 4 ? .int16 : .int8, .perTensor(scale: 0.07, zeroPoint: outputZero))], threads: c.threads)
      let actual = form == 4 ? result[0].values(Int16.self).map(Int.init) : result[0].values(Int8.self).map(Int.init)
      #expect(actual == expected)
    }
  }

  @Test(arguments: cases, [ElementType.uint8, .int16]) func multipliesUInt8(c: ProductCase, output: ElementType) throws
  {
    var generator = SeededGenerator(seed: 39)
    let x: [UInt8] = generator.integers(c.rows * c.depth, in: 0...255)
    let w: [UInt8] = generator.integers(c.columns * c.depth, in: 0...255)
    let sums = c.sums(x.map { Double(Int($0) - 120) }, w.map { Double(Int($0) - 131) })
    let zero = output == .uint8 ? 100 : 0
    let (low, high) = c.ranges.range(
      scale: 0.09, zeroPoint: zero, output == .uint8 ? 0 : -32768, output == .uint8 ? 255 : 32767)
    let factor = Double(Float(0.05)) * Double(Float(0.01)) / Double(Float(0.09))
    let result = try run(
      c.operation(),
      [
        TestTensor(x, [c.rows, c.depth], quantization: .perTensor(scale: 0.05, zeroPoint: 120)),
        TestTensor(w, [c.columns, c.depth], quantization: .perTensor(scale: 0.01, zeroPoint: 131)).constant,
      ], outputs: [(output, .perTensor(scale: 0.09, zeroPoint: zero))], threads: c.threads)
    let actual =
      output == .uint8 ? result[0].values(UInt8.self).map(Int.init) : result[0].values(Int16.self).map(Int.init)
    #expect(actual == sums.map { clamped(rounded($0 * factor) + zero, low, high) })
  }

  @Test(arguments: cases, [0, 1, 2]) func multipliesInt16(c: ProductCase, form: Int) throws {
    var generator = SeededGenerator(seed: 40)
    let x: [Int16] = generator.integers(c.rows * c.depth, in: -32768...32767)
    let w: [Int16] = generator.integers(c.columns * c.depth, in: form == 2 ? -32768...32767 : -127...127)
    let b: [Int32] = generator.integers(c.columns, in: -20000...20000)
    let scales = generator.floats(c.columns, in: 0.001...0.03)
    let quantization = Quantization.perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 0)
    let shape = [c.columns, c.depth]
    let weights =
      try form == 2
      ? TestTensor(w, shape, quantization: quantization)
      : TestTensor(w.map { Int8($0) }, shape, quantization: quantization)
    let biasType: ElementType = form == 0 ? .int32 : .int64
    let bias = try form == 0 ? TestTensor(b) : TestTensor(b.map(Int64.init))
    let (low, high) = c.ranges.range(scale: 0.01, zeroPoint: 0, -32768, 32767)
    let sums = c.sums(x.map(Double.init), w.map(Double.init))
    let expected = sums.enumerated().map { i, sum -> Int in
      let factor = Double(Float(0.0003)) * Double(scales[scales.count == 1 ? 0 : i % c.columns]) / Double(Float(0.01))
      var total = Int(sum) + Int(b[i % c.columns])
      if form == 0 { total = Int(Int32(truncatingIfNeeded: total)) }
      // With one scale the factor's float product is exact enough not to differ.
      return clamped(form == 2 ? wideFixedPoint(total, factor) : rounded(Double(total) * factor), low, high)
    }
    let result = try run(
      c.operation(biasType: biasType),
      [
        TestTensor(x, [c.rows, c.depth], quantization: .perTensor(scale: 0.0003, zeroPoint: 0)), weights.constant,
        bias.constant,
      ], outputs: [(.int16, .perTensor(scale: 0.01, zeroPoint: 0))], threads: c.threads)
    #expect(result[0].values(Int16.self).map(Int.init) == expected)
  }

  @Test(arguments: cases, [0, 1, 2, 3, 4, 5, 6, 7]) func quantisesFloatsWhileRunning(c: ProductCase, variant: Int)
    throws
  {
    let asymmetric = variant % 2 == 1
    let form = variant / 2
    var generator = SeededGenerator(seed: 41)
    let x = generator.floats(c.rows * c.depth, in: -2...3)
    let w: [Int8] = generator.integers(c.columns * c.depth, in: [-127...127, -127...127, -8...7, -2...1][form])
    let b = generator.floats(c.columns)
    let scales = form == 0 ? [Float(0.02)] : generator.floats(c.columns, in: 0.001...0.03)
    let quantization: Quantization =
      form == 0
      ? .perTensor(scale: 0.02, zeroPoint: 0)
      : .perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 0)
    let shape = [c.columns, c.depth]
    let weights =
      switch form {
      case 2: try TestTensor.packed(w, shape, bits: 4, quantization)
      case 3: try TestTensor.packed(w, shape, bits: 2, quantization)
      default: try TestTensor(w, shape, quantization: quantization)
      }
    let rows = (0..<c.rows).map {
      dynamicallyQuantized(Array(x[$0 * c.depth..<($0 + 1) * c.depth]), asymmetric: asymmetric)
    }
    let (low, high) = c.ranges.floatRange
    let expected = c.sums(rows.flatMap(\.values), w.map(Double.init)).enumerated().map { i, sum -> Float in
      let column = i % c.columns
      let value = sum * rows[i / c.columns].scale * Double(scales[scales.count == 1 ? 0 : column]) + Double(b[column])
      return Float(min(max(value, low), high))
    }
    for constant in form >= 2 ? [true] : [true, false] {
      let result = try run(
        c.operation(asymmetric: asymmetric),
        [TestTensor(x, [c.rows, c.depth]), constant ? weights.constant : weights, TestTensor(b).constant],
        outputs: [(.float32, .none)], threads: c.threads)
      expectClose(result[0].floats, expected, tolerance: 2e-6)
    }
  }

  @Test func emptyDepthGivesZeros() throws {
    let c = ProductCase(rows: 2, columns: 3, depth: 0)
    let result = try run(
      c.operation(),
      [TestTensor([Float](), [2, 0]), TestTensor([Float](), [3, 0]), TestTensor([1, 2, 3] as [Float])],
      outputs: [(.float32, .none)])
    #expect(result[0].type.shape.dimensions == [2, 3])
    #expect(result[0].floats == [0, 0, 0, 0, 0, 0])
  }

  @Test func refusesWhatCannotBe() throws {
    let c = ProductCase(rows: 2, columns: 3, depth: 4)
    let x = try TestTensor([Float](repeating: 1, count: 8), [2, 4])
    let w = try TestTensor([Float](repeating: 1, count: 12), [3, 4])
    func attempt(_ operation: FullyConnected, _ inputs: [TestTensor?]) {
      #expect(throws: OperatorError.self) { try run(operation, inputs, outputs: [(.float32, .none)]) }
    }
    try attempt(c.operation(), [TestTensor([Float](repeating: 1, count: 6)), w])
    try attempt(c.operation(keep: true), [TestTensor([Float](repeating: 1, count: 8), [4, 2]), w])
    try attempt(c.operation(), [x, TestTensor([Float](repeating: 1, count: 12), [3, 2, 2])])
    try attempt(c.operation(), [x, w, TestTensor([Float(1), 2])])
    try attempt(c.operation(), [x])
    try attempt(FullyConnected(options: .table([1: .int8(1)])), [x, w])
    try attempt(FullyConnected(options: .table([0: .int8(4)])), [x, w])
    try attempt(
      c.operation(),
      [
        x,
        TestTensor(
          [Int8](repeating: 1, count: 12), [3, 4], quantization: .blockwise(scales: 1, zeroPoints: nil, blockSize: 2)),
      ])
  }

  /// A NaN reaches the results of its row and no others; an infinite sum becomes the largest finite number.
  @Test func carriesNaNAndLimitsInfinities() throws {
    let largest = Double(Float.greatestFiniteMagnitude)
    let c = ProductCase(rows: 3, columns: 2, depth: 2)
    let x = try TestTensor([.nan, 1, .infinity, 1, 2, 3] as [Float], [3, 2])
    let w = try TestTensor([1, 1, 0, 1] as [Float], [2, 2])
    for weights in [w, w.constant] {
      let result = try run(c.operation(), [x, weights], outputs: [(.float32, .none)])[0].numbers
      expectNear(result, [.nan, .nan, largest, .nan, 5, 3], tolerance: 0)
    }
  }

  @Test(arguments: [-128, 127], [-128, 127]) func saturates(_ inputZero: Int, _ outputZero: Int) throws {
    let form = AffineForm(.int8, scale: 1, zeroPoint: inputZero)
    let w = try TestTensor(
      [Int8](repeating: 127, count: 64) + [Int8](repeating: -127, count: 64), [2, 64],
      quantization: .perChannel(scales: [1, 1], zeroPoints: [0, 0], axis: 0))
    let x = try form.tensor([Int](repeating: inputZero == 127 ? -128 : 127, count: 64), [1, 64])
    let sign = inputZero == 127 ? -1 : 1
    let result = try run(
      ProductCase(rows: 1, columns: 2, depth: 64).operation(), [x, w.constant],
      outputs: [(.int8, .perTensor(scale: 1, zeroPoint: outputZero))])[0]
    #expect(result.values(Int8.self) == (sign > 0 ? [127, -128] : [-128, 127]))
  }

  @Test func refusesOtherElements() throws {
    let operation = try ProductCase(rows: 1, columns: 2, depth: 4).operation()
    let floats = [
      try TestTensor(zeros: .float32, [1, 4]), try TestTensor(zeros: .float32, [2, 4]).constant,
      try TestTensor(zeros: .float32, [2]),
    ]
    try expectOnly([.float32], for: operation, floats, changing: [0])
    try expectOnly(
      [.float32, .float16, .int8, .uint8, .int4, .int2], for: operation, floats, changing: [1], output: .float32)
    try expectOnly([.float32], for: operation, floats, changing: [2], output: .float32)
    expectOperandCounts(operation, floats, outputs: [(.float32, .none)], optional: [2])
    for element in [ElementType.int8, .uint8, .int16] {
      let integers = [
        try TestTensor(zeros: element, [1, 4]),
        try TestTensor(zeros: element == .uint8 ? .uint8 : .int8, [2, 4]).constant, nil,
      ]
      for output in ElementType.allCases {
        let result = [(output, Quantization.usual(for: output))]
        if output == element || output == .int16 {
          _ = try run(operation, integers, outputs: result)
        } else {
          expectRejection(of: operation, integers, outputs: result, "\(element) to \(output)")
        }
      }
      let weights: [ElementType] =
        element == .uint8 ? [.uint8] : [.int8, .int4, .int2] + (element == .int16 ? [.int16] : [])
      try expectOnly(weights, for: operation, integers, changing: [1], output: element)
    }
  }

  @Test func refusesQuantisationsAndOptions() throws {
    let operation = try ProductCase(rows: 1, columns: 2, depth: 2).operation()
    let x = try TestTensor(zeros: .int8, [1, 2])
    for quantization: Quantization in [
      .none, .perChannel(scales: [1, 2, 3], zeroPoints: [0, 0, 0], axis: 0),
      .perChannel(scales: [1, 2], zeroPoints: [0, 0], axis: 1),
      .perChannel(scales: [1, 2], zeroPoints: [0, 1], axis: 0),
      .blockwise(scales: 1, zeroPoints: nil, blockSize: 1),
    ] {
      let w = try TestTensor([1, 2, 3, 4] as [Int8], [2, 2], quantization: quantization).constant
      expectRejection(of: operation, [x, w], outputs: [(.int8, .perTensor(scale: 1, zeroPoint: 0))], "\(quantization)")
    }
    let floats = [try TestTensor(zeros: .float32, [1, 2]), try TestTensor(zeros: .float32, [2, 2])]
    for activation: Int8 in [-1, 4, 5, 6] {
      expectRejection(
        of: try FullyConnected(options: .table([0: .int8(activation)])), floats, outputs: [(.float32, .none)])
    }
    expectRejection(of: try FullyConnected(options: .table([4: .int8(99)])), floats, outputs: [(.float32, .none)])
  }

  @Test(arguments: extremeScales, extremeScales) func survivesExtremeScales(_ scale: Float, _ other: Float) throws {
    let operation = try ProductCase(rows: 1, columns: 1, depth: 2, activation: 3).operation()
    let x = try TestTensor([127, -128] as [Int8], [1, 2], quantization: .perTensor(scale: scale, zeroPoint: -128))
    let w = try TestTensor([127, 127] as [Int8], [1, 2], quantization: .perTensor(scale: other, zeroPoint: 0))
    for last in extremeScales {
      expectSurvival {
        try run(operation, [x, w.constant], outputs: [(.int8, .perTensor(scale: last, zeroPoint: 127))])
      }
    }
  }
}
