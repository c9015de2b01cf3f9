import KernelTestSupport
import Kernels
import TensorTypes
import Testing

struct ConvolutionCase: CustomTestStringConvertible, Sendable {
  var input: [Int]
  var filter: [Int]
  var stride = [1, 1]
  var dilation = [1, 1]
  var same = true
  var activation: Int8 = 0
  var threads = 1

  var testDescription: String {
    "\(input) \(filter) stride \(stride) dilation \(dilation) \(same ? "same" : "valid") act \(activation) threads \(threads)"
  }

  var oracle: ConvolutionOracle {
    ConvolutionOracle(
      input: input, filter: filter, stride: (stride[0], stride[1]), dilation: (dilation[0], dilation[1]), same: same)
  }

  func conv2D(biasType: ElementType = .float32) throws -> Conv2D {
    try Conv2D(
      options: .table([
        0: .int8(same ? 0 : 1), 1: .int32(Int32(stride[1])), 2: .int32(Int32(stride[0])), 3: .int8(activation),
        4: .int32(Int32(dilation[1])), 5: .int32(Int32(dilation[0])), 6: .int8(Int8(biasType.rawValue)),
      ]))
  }

  func depthwise() throws -> DepthwiseConv2D {
    try DepthwiseConv2D(
      options: .table([
        0: .int8(same ? 0 : 1), 1: .int32(Int32(stride[1])), 2: .int32(Int32(stride[0])), 3: .int32(7),
        4: .int8(activation), 5: .int32(Int32(dilation[1])), 6: .int32(Int32(dilation[0])),
      ]))
  }

  var inputCount: Int { input.reduce(1, *) }
  var filterCount: Int { filter.reduce(1, *) }
  var floatRange: (Double, Double) {
    switch activation {
    case 1: (0, .infinity)
    case 2: (-1, 1)
    case 3: (0, 6)
    default: (-.infinity, .infinity)
    }
  }
  /// The range of a quantised output.
  func range(scale: Double, zeroPoint: Int, _ low: Int, _ high: Int) -> (Int, Int) {
    let (a, b) = floatRange
    let l = a.isFinite ? max(low, zeroPoint + Int((Float(a) / Float(scale)).rounded(.toNearestOrAwayFromZero))) : low
    let h = b.isFinite ? min(high, zeroPoint + Int((Float(b) / Float(scale)).rounded(.toNearestOrAwayFromZero))) : high
    return (l, h)
  }
}

let convolutionCases: [ConvolutionCase] =
  [
    ConvolutionCase(input: [2, 13, 9, 16], filter: [19, 3, 3, 16], threads: 2),
    ConvolutionCase(input: [1, 30, 26, 32], filter: [40, 3, 3, 32], same: false, activation: 1, threads: 3),
    .init(input: [1, 1, 1, 1], filter: [1, 1, 1, 1]),
    .init(input: [1, 5, 5, 3], filter: [4, 3, 3, 3]),
    .init(input: [2, 6, 5, 4], filter: [6, 2, 3, 4], stride: [1, 2], same: false, activation: 1),
    .init(input: [1, 9, 8, 17], filter: [33, 3, 3, 17], threads: 2),
    .init(input: [1, 7, 7, 4], filter: [6, 3, 3, 2], activation: 3),
    .init(input: [1, 4, 6, 6], filter: [9, 3, 2, 2], stride: [2, 1], threads: 2),
    .init(input: [1, 11, 13, 5], filter: [7, 3, 2, 5], dilation: [2, 3]),
    .init(input: [1, 12, 11, 3], filter: [19, 3, 3, 3], stride: [2, 2], dilation: [3, 1], same: false),
    .init(input: [2, 8, 8, 16], filter: [32, 1, 1, 16], activation: 2, threads: 2),
    .init(input: [1, 3, 3, 70], filter: [65, 3, 3, 70]),
    .init(input: [1, 20, 1, 2], filter: [3, 7, 1, 2], stride: [3, 1]),
    .init(input: [1, 2, 2, 3], filter: [5, 5, 5, 3]),
    .init(input: [1, 33, 31, 8], filter: [16, 3, 3, 8], stride: [2, 2], threads: 2),
    .init(input: [0, 5, 5, 2], filter: [3, 3, 3, 2]),
    .init(input: [1, 2, 2, 2], filter: [3, 4, 4, 2], stride: [4, 4], same: false),
  ] + aroundVectorWidths + divided + tiled

/// Input and output channels around the widths of vectors.
private let aroundVectorWidths = [
  (3, 7), (4, 8), (5, 9), (8, 15), (15, 16), (16, 17), (7, 31), (1, 32), (32, 33), (35, 67),
]
.map { ConvolutionCase(input: [1, 2, 3, $0.0], filter: [$0.1, 2, 1, $0.0]) }

/// Large enough for several bands of lines: evenly and not, with borders beyond a band, groups, images, rows of a product, an image beyond the cache.
private let divided: [ConvolutionCase] = [
  .init(input: [1, 37, 19, 24], filter: [40, 3, 3, 24], threads: 3),
  .init(input: [1, 41, 17, 32], filter: [24, 5, 3, 32], stride: [2, 1], dilation: [4, 1], threads: 4),
  .init(input: [1, 3, 60, 32], filter: [32, 7, 3, 32], dilation: [3, 1], threads: 2),
  .init(input: [2, 21, 17, 16], filter: [32, 3, 3, 4], activation: 1, threads: 4),
  .init(input: [1, 13, 29, 64], filter: [80, 1, 1, 64], threads: 3),
  .init(input: [1, 3, 3, 96], filter: [200, 3, 3, 96], threads: 2),
  .init(input: [1, 150, 60, 32], filter: [4, 3, 1, 32], same: false),
]

/// Integers by Winograd's method: whole tiles and parts of tiles, images, groups, bands, columns that threads divide.
private let tiled: [ConvolutionCase] = [
  .init(input: [1, 16, 16, 64], filter: [96, 3, 3, 64], activation: 1),
  .init(input: [2, 23, 9, 32], filter: [33, 3, 3, 32], threads: 2),
  .init(input: [1, 17, 30, 64], filter: [64, 3, 3, 32], same: false, activation: 3, threads: 3),
  .init(input: [1, 4, 60, 64], filter: [128, 3, 3, 64], threads: 3),
  .init(input: [1, 29, 31, 128], filter: [32, 3, 3, 128], same: false, threads: 2),
]

@Suite struct Conv2DTests {
  @Test(arguments: convolutionCases) func convolvesFloats(c: ConvolutionCase) throws {
    var generator = SeededGenerator(seed: 7)
    let x = generator.floats(c.inputCount)
    let w = generator.floats(c.filterCount)
    let b = generator.floats(c.filter[0])
    let channels = c.filter[0]
    let sums = c.oracle.sums(x.map(Double.init), w.map(Double.init))
    let expected = sums.enumerated().map {
      Float(min(max($1 + Double(b[$0 % channels]), c.floatRange.0), c.floatRange.1))
    }
    for constant in [true, false] {
      let filter = try TestTensor(w, c.filter)
      let bias = try TestTensor(b)
      let result = try run(
        c.conv2D(), [TestTensor(x, c.input), constant ? filter.constant : filter, constant ? bias.constant : bias],
        outputs: [(.float32, .none)], threads: c.threads)
      #expect(result[0].type.shape.dimensions == [c.input[0], c.oracle.output(1), c.oracle.output(2), channels])
      expectClose(result[0].floats, expected, tolerance: 2e-6)
    }
    let halves = try TestTensor(w.map { Float16($0) }, c.filter).constant
    let result = try run(
      c.conv2D(), [TestTensor(x, c.input), halves, nil], outputs: [(.float32, .none)], threads: c.threads)
    let rounded = c.oracle.sums(x.map(Double.init), w.map { Double(Float16($0)) })
    expectClose(
      result[0].floats, rounded.map { Float(min(max($0, c.floatRange.0), c.floatRange.1)) }, tolerance: 2e-6)
  }

  @Test(arguments: convolutionCases, [0, 1, 2]) func convolvesInt8(c: ConvolutionCase, form: Int) throws {
    var generator = SeededGenerator(seed: 8)
    let x: [Int8] = generator.integers(c.inputCount, in: -128...127)
    let channels = c.filter[0]
    let w: [Int8] = generator.integers(c.filterCount, in: form == 2 ? -8...7 : -127...127)
    let b: [Int32] = generator.integers(channels, in: -2000...2000)
    let scales = form == 0 ? [Float(0.02)] : generator.floats(channels, in: 0.001...0.03)
    let quantization: Quantization =
      form == 0
      ? .perTensor(scale: 0.02, zeroPoint: 0)
      : .perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 0)
    let zero = -11
    let filter =
      try form == 2
      ? TestTensor.packed(w, c.filter, bits: 4, quantization) : TestTensor(w, c.filter, quantization: quantization)
    let outputScale = 0.11
    let sums = c.oracle.sums(x.map { Double(Int($0) - zero) }, w.map(Double.init))
    let (low, high) = c.range(scale: outputScale, zeroPoint: 5, -128, 127)
    let expected = sums.enumerated().map { i, sum -> Int8 in
      let oc = i % channels
      let factor = Double(Float(0.05)) * Double(scales[form == 0 ? 0 : oc]) / Double(Float(outputScale))
      return Int8(clamped(fixedPoint(Int(sum) + Int(b[oc]), factor) + 5, low, high))
    }
    for constant in form == 2 ? [true] : [true, false] {
      let bias = try TestTensor(b)
      let result = try run(
        c.conv2D(),
        [
          TestTensor(x, c.input, quantization: .perTensor(scale: 0.05, zeroPoint: zero)),
          constant ? filter.constant : filter, constant ? bias.constant : bias,
        ], outputs: [(.int8, .perTensor(scale: Float(outputScale), zeroPoint: 5))], threads: c.threads)
      #expect(result[0].values(Int8.self) == expected)
    }
  }

  @Test(arguments: convolutionCases) func convolvesUInt8(c: ConvolutionCase) throws {
    var generator = SeededGenerator(seed: 9)
    let x: [UInt8] = generator.integers(c.inputCount, in: 0...255)
    let w: [UInt8] = generator.integers(c.filterCount, in: 0...255)
    let channels = c.filter[0]
    let b: [Int32] = generator.integers(channels, in: -2000...2000)
    let sums = c.oracle.sums(x.map { Double(Int($0) - 120) }, w.map { Double(Int($0) - 131) })
    let (low, high) = c.range(scale: 0.13, zeroPoint: 100, 0, 255)
    let factor = Double(Float(0.05) * Float(0.01)) / Double(Float(0.13))
    let expected = sums.enumerated().map { i, sum in
      UInt8(clamped(fixedPoint(Int(sum) + Int(b[i % channels]), factor) + 100, low, high))
    }
    for constant in [true, false] {
      let filter = try TestTensor(w, c.filter, quantization: .perTensor(scale: 0.01, zeroPoint: 131))
      let bias = try TestTensor(b, quantization: .perTensor(scale: 0.0005, zeroPoint: 0))
      let result = try run(
        c.conv2D(),
        [
          TestTensor(x, c.input, quantization: .perTensor(scale: 0.05, zeroPoint: 120)),
          constant ? filter.constant : filter, constant ? bias.constant : bias,
        ], outputs: [(.uint8, .perTensor(scale: 0.13, zeroPoint: 100))], threads: c.threads)
      #expect(result[0].values(UInt8.self) == expected)
    }
  }

  @Test(arguments: convolutionCases, [ElementType.int32, .int64]) func convolvesInt16(
    c: ConvolutionCase, biasType: ElementType
  ) throws {
    var generator = SeededGenerator(seed: 10)
    let x: [Int16] = generator.integers(c.inputCount, in: -32768...32767)
    let w: [Int8] = generator.integers(c.filterCount, in: -127...127)
    let channels = c.filter[0]
    let b: [Int32] = generator.integers(channels, in: -200_000...200_000)
    let scales = generator.floats(channels, in: 0.001...0.03)
    let sums = c.oracle.sums(x.map(Double.init), w.map(Double.init))
    let (low, high) = c.range(scale: 0.001, zeroPoint: 0, -32768, 32767)
    let expected = sums.enumerated().map { i, sum -> Int16 in
      let oc = i % channels
      let factor = Double(Float(0.0003)) * Double(scales[oc]) / Double(Float(0.001))
      let total = Int(sum) + Int(b[oc])
      let scaled =
        biasType == .int64
        ? wideFixedPoint(total, factor) : fixedPoint(Int(Int32(truncatingIfNeeded: total)), factor)
      return Int16(clamped(scaled, low, high))
    }
    let bias = try biasType == .int32 ? TestTensor(b) : TestTensor(b.map(Int64.init))
    let result = try run(
      c.conv2D(biasType: biasType),
      [
        TestTensor(x, c.input, quantization: .perTensor(scale: 0.0003, zeroPoint: 0)),
        TestTensor(
          w, c.filter, quantization: .perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 0)
        ).constant, bias.constant,
      ], outputs: [(.int16, .perTensor(scale: 0.001, zeroPoint: 0))], threads: c.threads)
    #expect(result[0].values(Int16.self) == expected)
  }

  @Test(arguments: convolutionCases, [false, true]) func quantisesFloatsWhileRunning(
    c: ConvolutionCase, perChannel: Bool
  )
    throws
  {
    var generator = SeededGenerator(seed: 11)
    let x = generator.floats(c.inputCount, in: -2...3)
    let w: [Int8] = generator.integers(c.filterCount, in: -127...127)
    let channels = c.filter[0]
    let b = generator.floats(channels)
    let scales = perChannel ? generator.floats(channels, in: 0.001...0.03) : [Float(0.02)]
    let grouped = c.input[3] != c.filter[3]
    let perBatch = max(c.inputCount / max(c.input[0], 1), 1)
    let rows = (0..<c.input[0]).map {
      dynamicallyQuantized(
        Array(x[$0 * perBatch..<($0 + 1) * perBatch]), asymmetric: grouped || scales.contains { $0 != scales[0] })
    }
    let sums = c.oracle.sums(rows.flatMap(\.values), w.map(Double.init))
    let pixels = c.oracle.output(1) * c.oracle.output(2)
    let expected = sums.enumerated().map { i, sum -> Float in
      let oc = i % channels
      let value = sum * rows[i / channels / pixels].scale * Double(scales[perChannel ? oc : 0]) + Double(b[oc])
      return Float(min(max(value, c.floatRange.0), c.floatRange.1))
    }
    let quantization: Quantization =
      perChannel
      ? .perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 0)
      : .perTensor(scale: 0.02, zeroPoint: 0)
    for constant in [true, false] {
      let filter = try TestTensor(w, c.filter, quantization: quantization)
      let result = try run(
        c.conv2D(), [TestTensor(x, c.input), constant ? filter.constant : filter, TestTensor(b).constant],
        outputs: [(.float32, .none)], threads: c.threads)
      expectClose(result[0].floats, expected, tolerance: 2e-6)
    }
  }

  /// Large images are quantised by several threads, with the same result.
  @Test(arguments: [16384 / 64, 16447 / 64, 700]) func threadsQuantiseTheirPartOfAnImage(pixels: Int) throws {
    var generator = SeededGenerator(seed: 12)
    var x = generator.floats(pixels * 65, in: -2...3)
    let w: [Int8] = generator.integers(3 * 65, in: -127...127)
    let filter = try TestTensor(w, [3, 1, 1, 65], quantization: .perTensor(scale: 0.02, zeroPoint: 0)).constant
    let bias = try TestTensor(generator.floats(3)).constant
    let c = ConvolutionCase(input: [1, 1, pixels, 65], filter: [3, 1, 1, 65])
    // Extremes in the first and in the last part.
    for (low, high) in [(0, x.count - 1), (x.count - 1, 0)] {
      (x[low], x[high]) = (-7, 9)
      let image = try TestTensor(x, c.input)
      let alone = try run(c.conv2D(), [image, filter, bias], outputs: [(.float32, .none)])
      for threads in [2, 3, 8] {
        let result = try run(c.conv2D(), [image, filter, bias], outputs: [(.float32, .none)], threads: threads)
        #expect(result[0].floats == alone[0].floats)
      }
    }
  }

  @Test func refusesWhatCannotBe() throws {
    let x = try TestTensor([Float](repeating: 1, count: 50), [1, 5, 5, 2])
    let w = try TestTensor([Float](repeating: 1, count: 36), [2, 3, 3, 2]).constant
    func attempt(_ c: ConvolutionCase, _ inputs: [TestTensor?]) {
      #expect(throws: OperatorError.self) { try run(c.conv2D(), inputs, outputs: [(.float32, .none)]) }
    }
    var c = ConvolutionCase(input: [1, 5, 5, 2], filter: [2, 3, 3, 2])
    c.stride = [0, 1]
    attempt(c, [x, w])
    c.stride = [-1, 1]
    attempt(c, [x, w])
    c.stride = [1, 1]
    c.dilation = [1, Int(Int32.min)]
    attempt(c, [x, w])
    c.dilation = [1, Int(Int32.max)]
    c.same = false
    attempt(c, [x, w])
    c.dilation = [1, 1]
    c.same = true
    c.activation = 4
    attempt(c, [x, w])
    c.activation = 0
    attempt(c, [x])
    attempt(c, [x, nil])
    attempt(c, [x, w, try TestTensor([Float(1)])])
    attempt(c, [x, w, try TestTensor([Int32(1), 2])])
    attempt(c, [try TestTensor([Float](repeating: 1, count: 75), [1, 5, 5, 3]), w])
    attempt(c, [try TestTensor([Float](repeating: 1, count: 50), [5, 5, 2]), w])
    attempt(c, [x, try TestTensor([Int8](repeating: 1, count: 36), [2, 3, 3, 2])])
    attempt(c, [x, try TestTensor([Int64](repeating: 1, count: 36), [2, 3, 3, 2])])
    #expect(throws: OperatorError.self) { try Conv2D(options: .table([0: .int8(2)])) }
  }

  /// A NaN reaches the windows that cover it and no others; an infinity under a weight of 0 becomes one, and otherwise the largest finite number.
  @Test func carriesNaNAndLimitsInfinities() throws {
    let largest = Double(Float.greatestFiniteMagnitude)
    let c = ConvolutionCase(input: [1, 1, 5, 1], filter: [1, 1, 2, 1], same: false)
    let x = try TestTensor([.nan, 1, 2, .infinity, 3] as [Float], c.input)
    for weights in [[1, 1], [1, 0]] as [[Float]] {
      let result = try run(
        c.conv2D(), [x, TestTensor(weights, c.filter).constant, nil], outputs: [(.float32, .none)])[0].numbers
      expectNear(result, weights[1] == 0 ? [.nan, 1, .nan, largest] : [.nan, 3, largest, largest], tolerance: 0)
    }
  }

  /// The largest sums saturate, with zero points at the ends.
  @Test(arguments: [-128, 127], [-128, 127]) func saturates(_ inputZero: Int, _ outputZero: Int) throws {
    let c = ConvolutionCase(input: [1, 1, 1, 64], filter: [2, 1, 1, 64])
    let form = AffineForm(.int8, scale: 1, zeroPoint: inputZero)
    let filter = try TestTensor(
      [Int8](repeating: 127, count: 64) + [Int8](repeating: -127, count: 64), c.filter,
      quantization: .perChannel(scales: [1, 1], zeroPoints: [0, 0], axis: 0)
    ).constant
    let x = try form.tensor([Int](repeating: inputZero == 127 ? -128 : 127, count: 64), c.input)
    let result = try run(
      c.conv2D(), [x, filter, TestTensor([1_000_000_000, -1_000_000_000] as [Int32])],
      outputs: [(.int8, .perTensor(scale: 1, zeroPoint: outputZero))])[0]
    #expect(result.values(Int8.self) == [127, -128])
  }

  @Test func refusesOtherElements() throws {
    let c = ConvolutionCase(input: [1, 2, 2, 1], filter: [2, 1, 1, 1])
    let floats = [
      try TestTensor(zeros: .float32, c.input), try TestTensor(zeros: .float32, c.filter).constant,
      try TestTensor(zeros: .float32, [2]),
    ]
    try expectOnly([.float32], for: c.conv2D(), floats, changing: [0])
    try expectOnly(
      [.float32, .float16, .int8, .uint8, .int4], for: c.conv2D(), floats, changing: [1], output: .float32)
    try expectOnly([.float32], for: c.conv2D(), floats, changing: [2], output: .float32)
    expectOperandCounts(try c.conv2D(), floats, outputs: [(.float32, .none)], optional: [2])
    expectRejection(of: try c.conv2D(), Array(floats[..<2]), outputs: [(.float32, .none)])
    for element in [ElementType.int8, .uint8, .int16] {
      let narrow = element == .uint8 ? ElementType.uint8 : .int8
      let integers = [
        try TestTensor(zeros: element, c.input), try TestTensor(zeros: narrow, c.filter).constant,
        try TestTensor([0, 0] as [Int32], quantization: .perTensor(scale: 0.25, zeroPoint: 0)),
      ]
      _ = try run(c.conv2D(), integers, outputs: [(element, .usual(for: element))])
      let weights: [ElementType] = element == .uint8 ? [.uint8] : [.int8, .int4]
      try expectOnly(weights, for: c.conv2D(), integers, changing: [1], output: element)
      try expectOnly(
        element == .int16 ? [.int32, .int64] : [.int32], for: c.conv2D(), integers, changing: [2], output: element)
      for output in ElementType.allCases where output != element {
        expectRejection(of: try c.conv2D(), integers, outputs: [(output, .usual(for: output))], "\(output)")
      }
    }
  }

  @Test func refusesFilterQuantisations() throws {
    let c = ConvolutionCase(input: [1, 1, 1, 1], filter: [2, 1, 1, 1])
    for quantization: Quantization in [
      .none, .perChannel(scales: [1, 2, 3], zeroPoints: [0, 0, 0], axis: 0),
      .perChannel(scales: [1, 2], zeroPoints: [0, 1], axis: 0),
      .perChannel(scales: [1, 2], zeroPoints: [0, 0], axis: 3),
      .perTensor(scale: 1, zeroPoint: 1), .blockwise(scales: 1, zeroPoints: nil, blockSize: 1),
    ] {
      let filter = try TestTensor([1, 2] as [Int8], c.filter, quantization: quantization).constant
      expectRejection(
        of: try c.conv2D(), [try TestTensor(zeros: .int8, c.input), filter, nil],
        outputs: [(.int8, .perTensor(scale: 1, zeroPoint: 0))], "\(quantization)")
    }
  }

  @Test(arguments: extremeScales, extremeScales) func survivesExtremeScales(_ scale: Float, _ other: Float) throws {
    let c = ConvolutionCase(input: [1, 1, 1, 2], filter: [1, 1, 1, 2], activation: 3)
    let x = try TestTensor([127, -128] as [Int8], c.input, quantization: .perTensor(scale: scale, zeroPoint: -128))
    let filter = try TestTensor([127, 127] as [Int8], c.filter, quantization: .perTensor(scale: other, zeroPoint: 0))
    for last in extremeScales {
      expectSurvival {
        try run(c.conv2D(), [x, filter.constant, nil], outputs: [(.int8, .perTensor(scale: last, zeroPoint: 127))])
      }
    }
  }
}
