import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct DequantizeTests {
  private static let perTensor: [ElementType] = [.int2, .int4, .uint4, .int8, .uint8, .int16]
  private static let perChannel = perTensor.dropLast()
  private let operation = Dequantize(options: .defaults)

  private func dequantized(_ x: TestTensor, threads: Int = 1) throws -> [Float] {
    try run(operation, [x], outputs: [(.float32, .none)], threads: threads)[0].floats
  }

  /// `scale * (q - zero point)` in single precision, to the bit.
  @Test(arguments: perTensor) func scalesIntegers(_ element: ElementType) throws {
    let forms =
      element == .int16
      ? [AffineForm(element, scale: 0.037, zeroPoint: 0)] : AffineForm.zeroPoints(element, scale: 0.037)
    for form in forms {
      for count in Sizes.lengths + [Sizes.long] {
        let x = (0..<count).map { form.limits.lowerBound + $0 * 7 % form.limits.count }
        let expected = x.map { form.scale * Float($0 - form.zeroPoint) }
        if try dequantized(form.tensor(x), threads: count > 1000 ? 3 : 1) != expected { Issue.record("\(count)") }
      }
      #expect(try dequantized(form.tensor([form.limits.lowerBound, form.limits.upperBound], [1, 2, 1])).count == 2)
    }
  }

  @Test(arguments: perChannel, [[3], [5, 3], [2, 3, 5], [2, 1, 3, 17], [4, 0, 2]]) func scalesChannels(
    _ element: ElementType, _ dimensions: [Int]
  ) throws {
    let limits = try #require(element.integerLimits)
    var generator = SeededGenerator(seed: 8)
    for axis in dimensions.indices {
      let scales = (0..<dimensions[axis]).map { 0.1 * Float($0 + 1) }
      let zeroPoints = (0..<dimensions[axis]).map { $0 % 2 == 0 ? limits.lowerBound : limits.upperBound }
      let x = generator.integers(dimensions.reduce(1, *), in: limits)
      let inner = dimensions[(axis + 1)...].reduce(1, *)
      let expected = x.indices.map { index -> Float in
        let channel = index / inner % dimensions[axis]
        return scales[channel] * Float(x[index] - zeroPoints[channel])
      }
      let tensor = try TestTensor(
        integers: x, dimensions, as: element,
        quantization: .perChannel(scales: scales, zeroPoints: zeroPoints, axis: axis))
      #expect(try dequantized(tensor) == expected)
    }
  }

  @Test func readsEveryHalf() throws {
    let bits = (0...UInt16.max).map { $0 }
    let result = try dequantized(TestTensor(bits, element: .float16), threads: 3)
    let wrong = zip(result, bits).first { actual, bits in
      let expected = Float(Float16(bitPattern: bits))
      return !(actual.bitPattern == expected.bitPattern || (actual.isNaN && expected.isNaN))
    }
    #expect(wrong == nil)
  }

  /// As CAST reads them, whose test has the formats' definitions.
  @Test(arguments: [ElementType.float8E4M3FN, .float8E5M2]) func readsEveryByte(_ element: ElementType) throws {
    let bytes = try TestTensor((0...255).map { UInt8($0) }, element: element)
    let cast = try run(Cast(options: .defaults), [bytes], outputs: [(.float32, .none)])[0]
    #expect(try dequantized(bytes).map(\.bitPattern) == cast.floats.map(\.bitPattern))
  }

  /// The result is `float32` whatever the model declares.
  @Test func correctsTheDeclaration() throws {
    let form = AffineForm(.int8, scale: 0.5, zeroPoint: 1)
    let result = try run(operation, [form.tensor([3])], outputs: [(.int32, .none)])[0]
    #expect(result.type.element == .float32 && result.floats == [1])
  }

  @Test(arguments: perTensor) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    try expectSoundQuantization(operation, element, output: (.float32, .none))
    try expectSurvivalOfExtremeScales(operation, element, output: .float32)
  }

  @Test func refusesChannels() throws {
    func attempt(_ element: ElementType, _ quantization: Quantization) throws {
      let x = try TestTensor(
        integers: [0, 0, 0, 0, 0, 0], [2, 3], as: element, quantization: quantization)
      expectRejection(of: operation, [x], outputs: [(.float32, .none)], "\(quantization)")
    }
    for element in Self.perChannel {
      try attempt(element, .perChannel(scales: [1, 2], zeroPoints: [0, 0], axis: 2))
      try attempt(element, .perChannel(scales: [1, 2], zeroPoints: [0, 0], axis: -1))
      try attempt(element, .perChannel(scales: [1, 2, 3], zeroPoints: [0, 0, 0], axis: 0))
      try attempt(element, .perChannel(scales: [1, 2], zeroPoints: [0], axis: 0))
      try attempt(element, .perChannel(scales: [1, .nan], zeroPoints: [0, 0], axis: 0))
      try attempt(element, .perChannel(scales: [1, 1], zeroPoints: [0, 1 << 20], axis: 0))
      try attempt(element, .blockwise(scales: 1, zeroPoints: nil, blockSize: 1))
    }
    try attempt(.int16, .perChannel(scales: [1, 2], zeroPoints: [0, 0], axis: 0))
    try attempt(.int16, .perTensor(scale: 1, zeroPoint: 1))
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(
      operation, supported: Self.perTensor + [.float16, .float8E4M3FN, .float8E5M2], output: .float32,
      declaresOutput: false)
  }
}
