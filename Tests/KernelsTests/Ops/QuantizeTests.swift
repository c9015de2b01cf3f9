import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct QuantizeTests {
  private let operation = Quantize(options: .defaults)

  /// The nearest integer, ties away from zero, of the quotient in single precision.
  private func quantized(_ x: Float, _ form: AffineForm) -> Int {
    let rounded = (x / form.scale).rounded(.toNearestOrAwayFromZero)
    return clamped(Int(rounded) + form.zeroPoint, form.limits.lowerBound, form.limits.upperBound)
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16, .int4, .uint4]) func quantisesFloats(_ element: ElementType)
    throws
  {
    var generator = SeededGenerator(seed: 65)
    for form in AffineForm.zeroPoints(element, scale: 0.05) {
      for dimensions in Sizes.lengths.map({ [$0] }) + Sizes.shapes + [[Sizes.long]] {
        let x = generator.floats(dimensions.reduce(1, *), in: -20...20)
        let result = try run(
          operation, [TestTensor(x, dimensions)], outputs: [form.output], threads: x.count == Sizes.long ? 3 : 1)[0]
        #expect(result.type.shape.dimensions == dimensions)
        let isSame = result.integers == x.map { quantized($0, form) }
        #expect(isSame, "\(form.testDescription), \(dimensions)")
      }
    }
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16, .int4, .uint4]) func roundsTiesAwayFromZero(
    _ element: ElementType
  ) throws {
    let ties: [Float] = (-9...9).map { Float($0) + 0.5 }
    let x = ties + ties.map(\.nextUp) + ties.map(\.nextDown) + [1e6, -1e6]
    for form in AffineForm.zeroPoints(element, scale: 1) {
      let result = try run(operation, [TestTensor(x)], outputs: [form.output])[0]
      #expect(result.integers == x.map { quantized($0, form) })
    }
  }

  /// What does not fit 32 bits becomes what the processor's conversion makes of it.
  @Test(arguments: [ElementType.int8, .uint8, .int16, .int4, .uint4]) func takesInfinitiesAndNaN(_ element: ElementType)
    throws
  {
    let form = AffineForm(element, scale: 1, zeroPoint: 0)
    let result = try run(
      operation, [TestTensor([.nan, .infinity, -.infinity, 3e9, -3e9, -0.0] as [Float])], outputs: [form.output])[0]
    let low = form.limits.lowerBound
    #expect(result.integers == [low, low, low, low, low, 0])
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16], 0..<3) func quantisesPerChannel(
    _ element: ElementType, _ axis: Int
  ) throws {
    var generator = SeededGenerator(seed: 66)
    let shape = [2, 3, 5]
    let x = generator.floats(30, in: -9...9)
    let forms = (0..<shape[axis]).map {
      AffineForm(element, scale: 0.1 * Float($0 + 1), zeroPoint: element == .int16 ? 0 : $0)
    }
    let channels = Quantization.perChannel(scales: forms.map(\.scale), zeroPoints: forms.map(\.zeroPoint), axis: axis)
    let result = try run(operation, [TestTensor(x, shape)], outputs: [(element, channels)])[0]
    let expected = zip(Grid<Int>.coordinates(shape), x).map { quantized($1, forms[$0[axis]]) }
    #expect(result.integers == expected)
  }

  static let pairs: [(ElementType, ElementType)] = [
    (.int8, .int8), (.int8, .uint8), (.int8, .int16), (.uint8, .int8), (.uint8, .uint8), (.uint8, .int16),
    (.int16, .int8), (.int16, .int16), (.int16, .int32), (.int32, .int8), (.int32, .int16),
  ]

  @Test(arguments: pairs, [(Float(0.05), Float(0.05)), (0.05, 0.011), (0.002, 0.7)])
  func requantises(_ types: (ElementType, ElementType), _ scales: (Float, Float)) throws {
    let isSymmetric = types == (.int16, .int16)
    func forms(_ element: ElementType, _ scale: Float) -> [AffineForm] {
      isSymmetric || element == .int32
        ? [AffineForm(element, scale: scale, zeroPoint: 0)] : AffineForm.zeroPoints(element, scale: scale)
    }
    for input in forms(types.0, scales.0) {
      for output in forms(types.1, scales.1) {
        let x = types.0 == .int32 ? Array(stride(from: -70000, to: 70000, by: 331)) : input.everyInteger
        let result = try run(operation, [input.tensor(x)], outputs: [output.output])[0]
        expectQuantized(result, output, x.map { input.real($0) })
      }
    }
  }

  @Test func refusesUnsoundQuantisation() throws {
    for (scale, zeroPoint) in [(0, 0), (-1, 0), (.nan, 0), (.infinity, 0), (1, 1 << 40), (1, 128), (1, -129)]
      as [(Float, Int)]
    {
      let unsound = Quantization.perTensor(scale: scale, zeroPoint: zeroPoint)
      let channels = Quantization.perChannel(scales: [scale, 1], zeroPoints: [zeroPoint, 0], axis: 0)
      let floats = try TestTensor([1, 2] as [Float])
      for quantization in [unsound, channels] {
        expectRejection(of: operation, [floats], outputs: [(.int8, quantization)], "\(quantization)")
      }
      let bytes = try TestTensor([1, 2] as [Int8], quantization: unsound)
      expectRejection(of: operation, [bytes], outputs: [(.int8, .usual(for: .int8))], "\(unsound)")
    }
    for (scales, axis) in [([1, 2], 1), ([1, 2, 3], 0), ([], 0)] as [([Float], Int)] {
      let channels = Quantization.perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: axis)
      expectRejection(
        of: operation, [try TestTensor([1, 2] as [Float])], outputs: [(.int8, channels)], "\(channels)")
    }
    for element in [ElementType.int8, .uint8, .int16] {
      try expectSurvivalOfExtremeScales(operation, element)
      expectRejection(.malformed, of: operation, [try TestTensor([1 as Float])], outputs: [(element, .none)])
    }
    for scale in extremeScales {
      _ = try run(
        operation, [TestTensor([1, -1e30, 1e-37, .nan] as [Float])],
        outputs: [(.int8, .perTensor(scale: scale, zeroPoint: 127))])
    }
  }

  /// Every pair of types, of which only some are supported.
  @Test(arguments: ElementType.allCases) func refusesOtherTypes(_ from: ElementType) throws {
    let input = try TestTensor(zeros: from, [2])
    for to in ElementType.allCases {
      let isFromFloat = from == .float32 && [.int8, .uint8, .int16, .int4, .uint4].contains(to)
      guard !isFromFloat, !Self.pairs.contains(where: { $0 == (from, to) }) else { continue }
      expectRejection(of: operation, [input], outputs: [(to, .perTensor(scale: 1, zeroPoint: 0))], "\(from) to \(to)")
    }
  }

  @Test func refusesOtherOperands() throws {
    expectOperandCounts(operation, [try TestTensor([1 as Float])], outputs: [(.int8, .usual(for: .int8))])
  }
}
