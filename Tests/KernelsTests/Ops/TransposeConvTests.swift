import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// `input` is the shape of the result, `filter` is OHWI.
private let cases: [ConvolutionCase] = [
  .init(input: [1, 8, 8, 3], filter: [3, 3, 3, 2], stride: [2, 2]),
  .init(input: [1, 9, 9, 2], filter: [2, 3, 3, 3], stride: [2, 2], same: false, activation: 1),
  .init(input: [2, 5, 5, 2], filter: [2, 3, 3, 1]),
  .init(input: [1, 6, 9, 1], filter: [1, 5, 2, 2], stride: [3, 3]),
  .init(input: [1, 18, 16, 19], filter: [19, 4, 4, 17], stride: [2, 2], activation: 3, threads: 2),
  .init(input: [1, 7, 6, 5], filter: [5, 2, 1, 8], stride: [3, 2], threads: 2),
  .init(input: [1, 6, 6, 4], filter: [4, 3, 3, 2], same: false),
  .init(input: [1, 11, 12, 33], filter: [33, 1, 3, 40], stride: [1, 4], threads: 2),
  .init(input: [1, 10, 10, 2], filter: [2, 7, 7, 3], stride: [2, 3]),
]

extension ConvolutionCase {
  fileprivate func transposed(biasType: ElementType = .float32) throws -> TransposeConv {
    try TransposeConv(
      options: .table([
        0: .int8(same ? 0 : 1), 1: .int32(Int32(stride[1])), 2: .int32(Int32(stride[0])), 3: .int8(activation),
        4: .int8(Int8(biasType.rawValue)),
      ]))
  }

  fileprivate var shape: TestTensor { get throws { try TestTensor(input.map(Int32.init)).constant } }
  fileprivate var image: [Int] { [input[0], oracle.output(1), oracle.output(2), filter[3]] }
  fileprivate var imageCount: Int { image.reduce(1, *) }
}

@Suite struct TransposeConvTests {
  @Test(arguments: cases) func convolvesFloats(c: ConvolutionCase) throws {
    var generator = SeededGenerator(seed: 27)
    let x = generator.floats(c.imageCount)
    let w = generator.floats(c.filterCount)
    let channels = c.filter[0]
    let b = generator.floats(channels)
    let sums = c.oracle.transposedSums(x.map(Double.init), w.map(Double.init))
    let expected = sums.enumerated().map {
      Float(min(max($1 + Double(b[$0 % channels]), c.floatRange.0), c.floatRange.1))
    }
    for constant in [true, false] {
      let filter = try TestTensor(w, c.filter)
      let result = try run(
        c.transposed(),
        [c.shape, constant ? filter.constant : filter, TestTensor(x, c.image), TestTensor(b).constant],
        outputs: [(.float32, .none)], threads: c.threads)
      #expect(result[0].type.shape.dimensions == c.input)
      expectClose(result[0].floats, expected, tolerance: 2e-6)
    }
  }

  @Test(arguments: cases, [false, true]) func convolvesInt8(c: ConvolutionCase, perChannel: Bool) throws {
    var generator = SeededGenerator(seed: 28)
    let x: [Int8] = generator.integers(c.imageCount, in: -128...127)
    let w: [Int8] = generator.integers(c.filterCount, in: -127...127)
    let channels = c.filter[0]
    let b: [Int32] = generator.integers(channels, in: -2000...2000)
    let scales = perChannel ? generator.floats(channels, in: 0.001...0.03) : [Float(0.02)]
    let quantization: Quantization =
      perChannel
      ? .perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 0)
      : .perTensor(scale: 0.02, zeroPoint: 0)
    let sums = c.oracle.transposedSums(x.map { Double(Int($0) - 9) }, w.map(Double.init))
    let (low, high) = c.range(scale: 0.07, zeroPoint: -5, -128, 127)
    let expected = sums.enumerated().map { i, sum -> Int8 in
      let factor = Double(Float(0.05)) * Double(scales[perChannel ? i % channels : 0]) / Double(Float(0.07))
      return Int8(clamped(fixedPoint(Int(sum) + Int(b[i % channels]), factor) - 5, low, high))
    }
    let result = try run(
      c.transposed(),
      [
        c.shape, TestTensor(w, c.filter, quantization: quantization).constant,
        TestTensor(x, c.image, quantization: .perTensor(scale: 0.05, zeroPoint: 9)), TestTensor(b).constant,
      ], outputs: [(.int8, .perTensor(scale: 0.07, zeroPoint: -5))], threads: c.threads)
    #expect(result[0].values(Int8.self) == expected)
  }

  @Test(arguments: cases) func convolvesUInt8(c: ConvolutionCase) throws {
    var generator = SeededGenerator(seed: 29)
    let x: [UInt8] = generator.integers(c.imageCount, in: 0...255)
    let w: [UInt8] = generator.integers(c.filterCount, in: 0...255)
    let sums = c.oracle.transposedSums(x.map { Double(Int($0) - 120) }, w.map { Double(Int($0) - 131) })
    let (low, high) = c.range(scale: 0.09, zeroPoint: 100, 0, 255)
    let factor = Double(Float(0.05) * Float(0.01)) / Double(Float(0.09))
    let expected = sums.map { UInt8(clamped(fixedPoint(Int($0), factor) + 100, low, high)) }
    let result = try run(
      c.transposed(),
      [
        c.shape, TestTensor(w, c.filter, quantization: .perTensor(scale: 0.01, zeroPoint: 131)).constant,
        TestTensor(x, c.image, quantization: .perTensor(scale: 0.05, zeroPoint: 120)), nil,
      ], outputs: [(.uint8, .perTensor(scale: 0.09, zeroPoint: 100))], threads: c.threads)
    #expect(result[0].values(UInt8.self) == expected)
  }

  @Test(arguments: cases, [ElementType.int32, .int64]) func convolvesInt16(c: ConvolutionCase, biasType: ElementType)
    throws
  {
    var generator = SeededGenerator(seed: 30)
    let x: [Int16] = generator.integers(c.imageCount, in: -32768...32767)
    let w: [Int8] = generator.integers(c.filterCount, in: -127...127)
    let channels = c.filter[0]
    let b: [Int32] = generator.integers(channels, in: -200_000...200_000)
    let sums = c.oracle.transposedSums(x.map(Double.init), w.map(Double.init))
    let (low, high) = c.range(scale: 0.001, zeroPoint: 0, -32768, 32767)
    let factor = Double(Float(0.0003)) * Double(Float(0.01)) / Double(Float(0.001))
    let expected = sums.enumerated().map { i, sum -> Int16 in
      let total = Int(sum) + Int(b[i % channels])
      let scaled =
        biasType == .int64
        ? wideFixedPoint(total, factor) : fixedPoint(Int(Int32(truncatingIfNeeded: total)), factor)
      return Int16(clamped(scaled, low, high))
    }
    let bias = try biasType == .int32 ? TestTensor(b) : TestTensor(b.map(Int64.init))
    let result = try run(
      c.transposed(biasType: biasType),
      [
        c.shape, TestTensor(w, c.filter, quantization: .perTensor(scale: 0.01, zeroPoint: 0)).constant,
        TestTensor(x, c.image, quantization: .perTensor(scale: 0.0003, zeroPoint: 0)), bias.constant,
      ], outputs: [(.int16, .perTensor(scale: 0.001, zeroPoint: 0))], threads: c.threads)
    #expect(result[0].values(Int16.self) == expected)
  }

  @Test(arguments: cases) func quantisesFloatsWhileRunning(c: ConvolutionCase) throws {
    var generator = SeededGenerator(seed: 31)
    let x = generator.floats(c.imageCount, in: -2...3)
    let w: [Int8] = generator.integers(c.filterCount, in: -127...127)
    let channels = c.filter[0]
    let b = generator.floats(channels)
    let scales = generator.floats(channels, in: 0.001...0.03)
    let perBatch = c.imageCount / c.input[0]
    let rows = (0..<c.input[0]).map {
      dynamicallyQuantized(Array(x[$0 * perBatch..<($0 + 1) * perBatch]), asymmetric: true)
    }
    let sums = c.oracle.transposedSums(rows.flatMap(\.values), w.map(Double.init))
    let perImage = sums.count / c.input[0]
    let expected = sums.enumerated().map { i, sum -> Float in
      let value = sum * rows[i / perImage].scale * Double(scales[i % channels]) + Double(b[i % channels])
      return Float(min(max(value, c.floatRange.0), c.floatRange.1))
    }
    let quantization = Quantization.perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 0)
    let result = try run(
      c.transposed(),
      [
        c.shape, TestTensor(w, c.filter, quantization: quantization).constant, TestTensor(x, c.image),
        TestTensor(b).constant,
      ], outputs: [(.float32, .none)], threads: c.threads)
    expectClose(result[0].floats, expected, tolerance: 2e-6)
  }

  @Test func refusesWhatCannotBe() throws {
    let c = cases[0]
    let x = try TestTensor([Float](repeating: 1, count: c.imageCount), c.image)
    let w = try TestTensor([Float](repeating: 1, count: c.filterCount), c.filter).constant
    for shape in [[1, 8, 8], [1, 8, 9, 3], [2, 8, 8, 3], [1, 8, 8, 4], [1, -8, 8, 3], [1, 0, 8, 3]] as [[Int32]] {
      #expect(throws: OperatorError.self) {
        try run(c.transposed(), [TestTensor(shape).constant, w, x], outputs: [(.float32, .none)])
      }
    }
  }

  /// The operands of the first case with zeros: output shape, filter, image and bias.
  private func operands(
    _ image: ElementType = .float32, filter: ElementType = .float32, bias: ElementType? = .float32
  ) throws -> [TestTensor?] {
    let c = cases[0]
    return [
      try c.shape, try TestTensor(zeros: filter, c.filter).constant, try TestTensor(zeros: image, c.image),
      try bias.map { try TestTensor(zeros: $0, [c.filter[0]]).constant },
    ]
  }

  @Test func refusesOtherNumbersOfOperands() throws {
    let operation = try cases[0].transposed()
    expectOperandCounts(operation, try operands(), outputs: [(.float32, .none)], optional: [3])
    expectOperandCounts(
      operation, Array(try operands().dropLast()), outputs: [(.float32, .none)], more: 1)
  }

  @Test func refusesOtherTypes() throws {
    let operation = try cases[0].transposed()
    let floats = try operands()
    try expectOnly([.int32], for: operation, floats, changing: [0], output: .float32)
    // Activations are quantised for a filter of bytes.
    try expectOnly([.float32, .float16, .int8], for: operation, floats, changing: [1], output: .float32)
    try expectOnly([.float32], for: operation, floats, changing: [2], output: .float32)
    try expectOnly([.float32], for: operation, floats, changing: [2])
    try expectOnly([.float32], for: operation, floats, changing: [3], output: .float32)
    try expectOnly([.float32], for: operation, floats, changing: [1, 2])
    for other in ElementType.allCases where other != .float32 {
      expectRejection(of: operation, floats, outputs: [(other, .usual(for: other))], "output \(other)")
    }
    for (element, filter, biases) in [
      (.int8, .int8, [.int32]), (.uint8, .uint8, [.int32]), (.int16, .int8, [.int32, .int64]),
    ] as [(ElementType, ElementType, [ElementType])] {
      let output = (element, Quantization.usual(for: element))
      let integers = try operands(element, filter: filter, bias: .int32)
      expectSurvival { try run(operation, integers, outputs: [output]) }
      try expectOnly(biases, for: operation, integers, changing: [3], output: element)
      expectRejection(of: operation, integers, outputs: [(.float32, .none)])
      expectRejection(of: operation, integers, outputs: [(element, .none)])
    }
  }

  /// A NaN reaches what its window covers and no other pixel; an infinite sum becomes the largest finite number.
  @Test func carriesNaNAndLimitsInfinities() throws {
    let c = ConvolutionCase(input: [1, 1, 5, 1], filter: [1, 1, 2, 1], same: false)
    let x = try TestTensor([.nan, 1, .infinity, 2] as [Float], [1, 1, 4, 1])
    let w = try TestTensor([1, 2] as [Float], c.filter)
    let largest = Double(Float.greatestFiniteMagnitude)
    for filter in [w, w.constant] {
      let result = try run(c.transposed(), [c.shape, filter, x], outputs: [(.float32, .none)])[0]
      expectNear(result.numbers, [.nan, .nan, largest, largest, 4], tolerance: 0)
    }
  }
}
