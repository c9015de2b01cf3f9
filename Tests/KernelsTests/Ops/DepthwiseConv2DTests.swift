import KernelTestSupport
import Kernels
import TensorTypes
import Testing

private let cases: [ConvolutionCase] =
  [
    .init(input: [1, 1, 1, 1], filter: [1, 1, 1, 1]),
    .init(input: [1, 5, 5, 4], filter: [1, 3, 3, 4]),
    .init(input: [2, 6, 5, 3], filter: [1, 2, 3, 6], stride: [2, 2], same: false, activation: 1),
    .init(input: [1, 9, 8, 17], filter: [1, 3, 3, 17], threads: 2),
    .init(input: [1, 8, 8, 2], filter: [1, 3, 3, 2], dilation: [3, 2], activation: 3),
    .init(input: [1, 7, 9, 33], filter: [1, 5, 5, 33], stride: [2, 2], activation: 2, threads: 2),
    .init(input: [1, 10, 11, 16], filter: [1, 3, 2, 48], stride: [1, 2], threads: 2),
    .init(input: [2, 6, 6, 70], filter: [1, 7, 7, 70], threads: 2),
    .init(input: [3, 2, 2, 5], filter: [1, 4, 4, 5]),
    .init(input: [1, 12, 12, 1], filter: [1, 3, 3, 8]),
    .init(input: [2, 13, 11, 1], filter: [1, 10, 8, 8], stride: [2, 2], activation: 1, threads: 2),
    .init(input: [1, 1, 64, 1], filter: [1, 1, 10, 33], stride: [1, 5], same: false),
    .init(input: [3, 6, 7, 1], filter: [1, 3, 2, 2], dilation: [2, 3], activation: 3),
    .init(input: [0, 5, 5, 2], filter: [1, 3, 3, 2]),
    .init(input: [1, 33, 20, 64], filter: [1, 3, 3, 64], threads: 2),
    .init(input: [3, 41, 20, 32], filter: [1, 5, 5, 32], stride: [2, 1], threads: 4),
    .init(input: [1, 40, 9, 64], filter: [1, 5, 3, 128], dilation: [4, 1], same: false, threads: 3),
    .init(input: [1, 96, 60, 48], filter: [1, 3, 3, 48]),
  ]
  + [1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 35, 67].map {
    ConvolutionCase(input: [1, 3, 2, $0], filter: [1, 2, 2, $0])
  }

@Suite struct DepthwiseConv2DTests {
  @Test(arguments: cases) func convolvesFloats(c: ConvolutionCase) throws {
    var generator = SeededGenerator(seed: 17)
    let x = generator.floats(c.inputCount)
    let w = generator.floats(c.filterCount)
    let channels = c.filter[3]
    let b = generator.floats(channels)
    let sums = c.oracle.sums(x.map(Double.init), w.map(Double.init), depthwise: true)
    let expected = sums.enumerated().map {
      Float(min(max($1 + Double(b[$0 % channels]), c.floatRange.0), c.floatRange.1))
    }
    for constant in [true, false] {
      let filter = try TestTensor(w, c.filter)
      let bias = try TestTensor(b)
      let result = try run(
        c.depthwise(), [TestTensor(x, c.input), constant ? filter.constant : filter, constant ? bias.constant : bias],
        outputs: [(.float32, .none)], threads: c.threads)
      #expect(result[0].type.shape.dimensions == [c.input[0], c.oracle.output(1), c.oracle.output(2), channels])
      expectClose(result[0].floats, expected, tolerance: 2e-6)
    }
    let result = try run(
      c.depthwise(), [TestTensor(x, c.input), TestTensor(w, c.filter).constant], outputs: [(.float32, .none)],
      threads: c.threads)
    expectClose(
      result[0].floats, sums.map { Float(min(max($0, c.floatRange.0), c.floatRange.1)) }, tolerance: 2e-6)
  }

  @Test(arguments: cases, [0, 1, 2]) func convolvesInt8(c: ConvolutionCase, form: Int) throws {
    var generator = SeededGenerator(seed: 18)
    let x: [Int8] = generator.integers(c.inputCount, in: -128...127)
    let channels = c.filter[3]
    let w: [Int8] = generator.integers(c.filterCount, in: form == 2 ? -8...7 : -127...127)
    let b: [Int32] = generator.integers(channels, in: -2000...2000)
    let scales = form == 0 ? [Float(0.02)] : generator.floats(channels, in: 0.001...0.03)
    let quantization: Quantization =
      form == 0
      ? .perTensor(scale: 0.02, zeroPoint: 0)
      : .perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 3)
    let filter =
      try form == 2
      ? TestTensor.packed(w, c.filter, bits: 4, quantization) : TestTensor(w, c.filter, quantization: quantization)
    let sums = c.oracle.sums(x.map { Double(Int($0) - 9) }, w.map(Double.init), depthwise: true)
    let (low, high) = c.range(scale: 0.07, zeroPoint: -5, -128, 127)
    let expected = sums.enumerated().map { i, sum -> Int8 in
      let oc = i % channels
      let factor = Double(Float(0.05)) * Double(scales[form == 0 ? 0 : oc]) / Double(Float(0.07))
      return Int8(clamped(fixedPoint(Int(sum) + Int(b[oc]), factor) - 5, low, high))
    }
    for constant in form == 2 ? [true] : [true, false] {
      let result = try run(
        c.depthwise(),
        [
          TestTensor(x, c.input, quantization: .perTensor(scale: 0.05, zeroPoint: 9)),
          constant ? filter.constant : filter, TestTensor(b).constant,
        ], outputs: [(.int8, .perTensor(scale: 0.07, zeroPoint: -5))], threads: c.threads)
      #expect(result[0].values(Int8.self) == expected)
    }
  }

  @Test(arguments: cases) func convolvesUInt8(c: ConvolutionCase) throws {
    var generator = SeededGenerator(seed: 19)
    let x: [UInt8] = generator.integers(c.inputCount, in: 0...255)
    let w: [UInt8] = generator.integers(c.filterCount, in: 0...255)
    let channels = c.filter[3]
    let b: [Int32] = generator.integers(channels, in: -2000...2000)
    let sums = c.oracle.sums(x.map { Double(Int($0) - 120) }, w.map { Double(Int($0) - 131) }, depthwise: true)
    let (low, high) = c.range(scale: 0.09, zeroPoint: 100, 0, 255)
    let factor = Double(Float(0.05) * Float(0.01)) / Double(Float(0.09))
    let expected = sums.enumerated().map { i, sum in
      UInt8(clamped(fixedPoint(Int(sum) + Int(b[i % channels]), factor) + 100, low, high))
    }
    let filter = try TestTensor(w, c.filter, quantization: .perTensor(scale: 0.01, zeroPoint: 131))
    let result = try run(
      c.depthwise(),
      [
        TestTensor(x, c.input, quantization: .perTensor(scale: 0.05, zeroPoint: 120)), filter.constant,
        TestTensor(b, quantization: .perTensor(scale: 0.0005, zeroPoint: 0)).constant,
      ], outputs: [(.uint8, .perTensor(scale: 0.09, zeroPoint: 100))], threads: c.threads)
    #expect(result[0].values(UInt8.self) == expected)
  }

  @Test(arguments: cases, [false, true]) func convolvesInt16(c: ConvolutionCase, narrow: Bool) throws {
    var generator = SeededGenerator(seed: 20)
    let x: [Int16] = generator.integers(c.inputCount, in: -32768...32767)
    let w: [Int8] = generator.integers(c.filterCount, in: narrow ? -8...7 : -127...127)
    let channels = c.filter[3]
    let b: [Int64] = generator.integers(channels, in: -200_000...200_000)
    let scales = generator.floats(channels, in: 0.001...0.03)
    let quantization = Quantization.perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 3)
    let sums = c.oracle.sums(x.map(Double.init), w.map(Double.init), depthwise: true)
    let (low, high) = c.range(scale: 0.001, zeroPoint: 0, -32768, 32767)
    let expected = sums.enumerated().map { i, sum -> Int16 in
      let factor = Double(Float(0.0003)) * Double(scales[i % channels]) / Double(Float(0.001))
      return Int16(clamped(wideFixedPoint(Int(sum) + Int(b[i % channels]), factor), low, high))
    }
    let filter =
      try narrow
      ? TestTensor.packed(w, c.filter, bits: 4, quantization) : TestTensor(w, c.filter, quantization: quantization)
    let result = try run(
      c.depthwise(),
      [
        TestTensor(x, c.input, quantization: .perTensor(scale: 0.0003, zeroPoint: 0)), filter.constant,
        TestTensor(b).constant,
      ], outputs: [(.int16, .perTensor(scale: 0.001, zeroPoint: 0))], threads: c.threads)
    #expect(result[0].values(Int16.self) == expected)
  }

  @Test(arguments: cases, [false, true]) func quantisesFloatsWhileRunning(c: ConvolutionCase, perChannel: Bool) throws {
    var generator = SeededGenerator(seed: 21)
    let x = generator.floats(c.inputCount, in: -2...3)
    let w: [Int8] = generator.integers(c.filterCount, in: -127...127)
    let channels = c.filter[3]
    let b = generator.floats(channels)
    let scales = perChannel ? generator.floats(channels, in: 0.001...0.03) : [Float(0.02)]
    let perBatch = max(c.inputCount / max(c.input[0], 1), 1)
    let rows = (0..<c.input[0]).map {
      dynamicallyQuantized(Array(x[$0 * perBatch..<($0 + 1) * perBatch]), asymmetric: true)
    }
    let sums = c.oracle.sums(rows.flatMap(\.values), w.map(Double.init), depthwise: true)
    let pixels = c.oracle.output(1) * c.oracle.output(2)
    let expected = sums.enumerated().map { i, sum -> Float in
      let oc = i % channels
      let value = sum * rows[i / channels / pixels].scale * Double(scales[perChannel ? oc : 0]) + Double(b[oc])
      return Float(min(max(value, c.floatRange.0), c.floatRange.1))
    }
    let quantization: Quantization =
      perChannel
      ? .perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 3)
      : .perTensor(scale: 0.02, zeroPoint: 0)
    let result = try run(
      c.depthwise(),
      [TestTensor(x, c.input), TestTensor(w, c.filter, quantization: quantization).constant, TestTensor(b).constant],
      outputs: [(.float32, .none)], threads: c.threads)
    expectClose(result[0].floats, expected, tolerance: 2e-6)
  }

  @Test func refusesWhatCannotBe() throws {
    let x = try TestTensor([Float](repeating: 1, count: 50), [1, 5, 5, 2])
    func attempt(_ filter: [Int]) throws {
      let count = filter.reduce(1, *)
      let w = try TestTensor([Float](repeating: 1, count: count), filter).constant
      #expect(throws: OperatorError.self) {
        try run(
          ConvolutionCase(input: [1, 5, 5, 2], filter: filter).depthwise(), [x, w], outputs: [(.float32, .none)])
      }
    }
    try attempt([2, 3, 3, 2])
    try attempt([1, 3, 3, 3])
    try attempt([1, 0, 3, 2])
    try attempt([1, 3, 3, 0])
    try attempt([3, 3, 2])
  }

  /// A NaN stays in its channel and in the windows that cover it; an infinite sum becomes the largest finite number.
  @Test func carriesNaNAndLimitsInfinities() throws {
    let c = ConvolutionCase(input: [1, 1, 4, 2], filter: [1, 1, 2, 2], same: false)
    let x = try TestTensor([.nan, 1, 1, 2, 2, .infinity, 3, 4] as [Float], c.input)
    let result = try run(
      c.depthwise(), [x, TestTensor([1, 1, 1, 0] as [Float], c.filter).constant], outputs: [(.float32, .none)])[0]
    expectNear(result.numbers, [.nan, 1, 3, .nan, 5, Double(Float.greatestFiniteMagnitude)], tolerance: 0)
  }

  @Test(arguments: [-128, 127], [-128, 127]) func saturates(_ inputZero: Int, _ outputZero: Int) throws {
    let c = ConvolutionCase(input: [1, 3, 3, 2], filter: [1, 3, 3, 2], same: false)
    let x = [Int](repeating: inputZero == 127 ? -128 : 127, count: 18)
    let filter = try TestTensor(
      (0..<18).map { $0 % 2 == 0 ? 127 : -127 as Int8 }, c.filter,
      quantization: .perChannel(scales: [1, 1], zeroPoints: [0, 0], axis: 3)
    ).constant
    let result = try run(
      c.depthwise(),
      [
        AffineForm(.int8, scale: 1, zeroPoint: inputZero).tensor(x, c.input), filter,
        TestTensor([1_000_000_000, -1_000_000_000] as [Int32]),
      ],
      outputs: [(.int8, .perTensor(scale: 1, zeroPoint: outputZero))])[0]
    #expect(result.values(Int8.self) == [127, -128])
  }

  @Test func refusesOtherElements() throws {
    let c = ConvolutionCase(input: [1, 2, 2, 2], filter: [1, 1, 1, 2])
    let floats = [
      try TestTensor(zeros: .float32, c.input), try TestTensor(zeros: .float32, c.filter).constant,
      try TestTensor(zeros: .float32, [2]),
    ]
    try expectOnly([.float32], for: c.depthwise(), floats, changing: [0])
    try expectOnly([.float32, .float16, .int8], for: c.depthwise(), floats, changing: [1], output: .float32)
    try expectOnly([.float32], for: c.depthwise(), floats, changing: [2], output: .float32)
    expectOperandCounts(try c.depthwise(), floats, outputs: [(.float32, .none)], optional: [2])
    for element in [ElementType.int8, .uint8, .int16] {
      let narrow = element == .uint8 ? ElementType.uint8 : .int8
      let integers = [
        try TestTensor(zeros: element, c.input), try TestTensor(zeros: narrow, c.filter).constant,
        try TestTensor([0, 0] as [Int32], quantization: .perTensor(scale: 0.25, zeroPoint: 0)),
      ]
      _ = try run(c.depthwise(), integers, outputs: [(element, .usual(for: element))])
      let weights: [ElementType] = element == .uint8 ? [.uint8] : [.int8, .int4]
      try expectOnly(weights, for: c.depthwise(), integers, changing: [1], output: element)
      try expectOnly(
        element == .int16 ? [.int32, .int64] : [.int32], for: c.depthwise(), integers, changing: [2], output: element)
      for output in ElementType.allCases where output != element {
        expectRejection(of: try c.depthwise(), integers, outputs: [(output, .usual(for: output))], "\(output)")
      }
    }
  }

  @Test func refusesOptionsAndQuantisations() throws {
    let c = ConvolutionCase(input: [1, 2, 2, 2], filter: [1, 1, 1, 2])
    let floats = [try TestTensor(zeros: .float32, c.input), try TestTensor(zeros: .float32, c.filter).constant]
    for (slot, values) in [(1, [0, -1]), (2, [0, .min]), (5, [0, -1]), (6, [0, .min])] as [(Int, [Int32])] {
      for value in values {
        var fields: [Int: OptionsField] = [0: .int8(0), 1: .int32(1), 2: .int32(1), 5: .int32(1), 6: .int32(1)]
        fields[slot] = .int32(value)
        expectRejection(
          .malformed, of: try DepthwiseConv2D(options: .table(fields)), floats, outputs: [(.float32, .none)])
      }
    }
    for (slot, values) in [(0, [-1, 2]), (4, [-1, 4, 5, 6])] as [(Int, [Int8])] {
      for value in values {
        let operation = { try DepthwiseConv2D(options: .table([1: .int32(1), 2: .int32(1), slot: .int8(value)])) }
        expectRejection(of: try operation(), floats, outputs: [(.float32, .none)], "\(slot): \(value)")
      }
    }
    for quantization: Quantization in [
      .none, .perChannel(scales: [1, 2, 3], zeroPoints: [0, 0, 0], axis: 3),
      .perChannel(scales: [1, 2], zeroPoints: [0, 1], axis: 3),
      .perChannel(scales: [1, 2], zeroPoints: [0, 0], axis: 0),
      .blockwise(scales: 1, zeroPoints: nil, blockSize: 1),
    ] {
      let filter = try TestTensor([1, 2] as [Int8], c.filter, quantization: quantization).constant
      expectRejection(
        of: try c.depthwise(), [try TestTensor(zeros: .int8, c.input), filter],
        outputs: [(.int8, .perTensor(scale: 1, zeroPoint: 0))], "\(quantization)")
    }
  }
}
