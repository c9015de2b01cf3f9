import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct AddTests {
  private func operation(_ activation: Int8 = 0, powerOfTwoScales: Bool = true) throws -> Add {
    try Add(options: .table([0: .int8(activation), 1: .bool(powerOfTwoScales)]))
  }

  @Test(arguments: [ElementType.float32, .float16, .int16, .int32, .int64]) func broadcasts(_ element: ElementType)
    throws
  {
    var generator = SeededGenerator(seed: 31)
    for (shapeA, shapeB) in Sizes.broadcasts(element) {
      func tensor(_ shape: [Int]) throws -> TestTensor {
        let numbers = generator.floats(shape.reduce(1, *), in: -99...99).map { Double($0) }
        return try TestTensor(numbers: numbers, shape, as: element)
      }
      try expectBroadcast(operation(), try tensor(shapeA), try tensor(shapeB)) { $0 + $1 }
    }
  }

  @Test(arguments: [(Int8(1), 0.0, Double.infinity), (2, -1, 1), (3, 0, 6)])
  func clampsWithAnActivation(_ activation: Int8, _ low: Double, _ high: Double) throws {
    let x: [Double] = [-20, -2, -1, -0.5, 0, 0.5, 1, 5, 5.5, 6, 7, 20]
    for element in [ElementType.float32, .float16, .int16, .int32, .int64] {
      let a = try TestTensor(numbers: x, as: element)
      try expectBroadcast(operation(activation), a, try TestTensor(numbers: [0.25], as: element)) {
        min(max($0 + $1, low), high)
      }
    }
    for element in [ElementType.int8, .uint8, .int16] {
      let form = AffineForm(element, scale: 0.125, zeroPoint: element == .uint8 ? 100 : 0)
      let integers = x.map { Int(form.place($0).rounded()) }
      let result = try run(operation(activation), [form.tensor(integers), form.tensor([0])], outputs: [form.output])[0]
      let zero = form.real(0)
      expectQuantized(result, form, integers.map { min(max(form.real($0) + zero, low), high) })
    }
  }

  /// An infinite sum becomes the largest finite number, as in the reference kernel's clamp.
  @Test func takesInfinitiesAndNaN() throws {
    let a = try TestTensor([.infinity, -.infinity, .nan, .infinity, -0.0, .greatestFiniteMagnitude] as [Float])
    let b = try TestTensor([1, 1, 1, -.infinity, -0.0, .greatestFiniteMagnitude] as [Float])
    let result = try run(operation(), [a, b], outputs: [(.float32, .none)])[0].floats
    let limit = Float.greatestFiniteMagnitude
    expectClose(result, [limit, -limit, .nan, .nan, 0, limit])
    #expect(result[4].sign == .minus)
  }

  @Test(arguments: [ElementType.int16, .int32, .int64]) func wraps(_ element: ElementType) throws {
    let limits = try #require(element.integerLimits)
    let a = try TestTensor(integers: [limits.upperBound, limits.lowerBound, limits.lowerBound], as: element)
    let b = try TestTensor(integers: [1, -1, limits.lowerBound], as: element)
    let result = try run(operation(), [a, b], outputs: [(element, .none)])[0].integers
    #expect(result == [limits.lowerBound, limits.upperBound, 0])
  }

  @Test(arguments: [ElementType.int8, .uint8], [Float(0.02), 0.05, 0.3]) func addsQuantisedIntegers(
    _ element: ElementType, _ scale: Float
  ) throws {
    for left in AffineForm.zeroPoints(element, scale: 0.05) {
      for right in AffineForm.zeroPoints(element, scale: 0.031) {
        for output in AffineForm.zeroPoints(element, scale: scale) {
          let b = left.everyInteger.map { _ in right.limits.lowerBound } + right.everyInteger
          let a = left.everyInteger + right.everyInteger.reversed()
          let result = try run(operation(), [left.tensor(a), right.tensor(b)], outputs: [output.output])[0]
          expectQuantized(result, output, zip(a, b).map { left.real($0) + right.real($1) })
        }
      }
    }
  }

  /// The general form, and the one for scales that are powers of two.
  @Test(arguments: [(0.0003, 0.0007, 0.001), (0x1p-12, 0x1p-10, 0x1p-10)] as [(Float, Float, Float)])
  func addsQuantisedShortIntegers(_ scaleA: Float, _ scaleB: Float, _ scale: Float) throws {
    let (left, right) = (
      AffineForm(.int16, scale: scaleA, zeroPoint: 0), AffineForm(.int16, scale: scaleB, zeroPoint: 0)
    )
    let output = AffineForm(.int16, scale: scale, zeroPoint: 0)
    let a = left.everyInteger
    for powerOfTwoScales in [true, false] {
      for b in [Array(a.reversed()), a, [32767], [-32768]] {
        let result = try run(
          operation(powerOfTwoScales: powerOfTwoScales), [left.tensor(a), right.tensor(b)], outputs: [output.output])[0]
        expectQuantized(result, output, a.indices.map { left.real(a[$0]) + right.real(b[b.count == 1 ? 0 : $0]) })
      }
    }
  }

  @Test func refusesWhatShortIntegersCannotHave() throws {
    func attempt(_ forms: [AffineForm]) throws {
      expectRejection(
        .malformed, of: try operation(), [try forms[0].tensor([1]), try forms[1].tensor([1])],
        outputs: [forms[2].output])
    }
    try attempt([AffineForm](repeating: AffineForm(.int16, scale: 1, zeroPoint: 3), count: 3))
    // With power-of-two scales, one input must have the output's.
    try attempt([0.25, 0.5, 1].map { AffineForm(.int16, scale: $0, zeroPoint: 0) })
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func broadcastsQuantisedIntegers(_ element: ElementType) throws {
    let zero = element == .int16 ? 0 : 7
    let output = AffineForm(element, scale: 0.3, zeroPoint: zero)
    try expectQuantizedBroadcast(
      operation(), AffineForm(element, scale: 0.1, zeroPoint: zero), AffineForm(element, scale: 0.2, zeroPoint: zero),
      output: output.output)
    #expect(try operation().sharing == .inPlace([0, 1]))
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    // Without a quantisation, 16-bit integers are just integers.
    if element != .int16 { try expectSoundQuantization(operation(), element, inputs: 2) }
    for activation: Int8 in [0, 3] {
      try expectSurvivalOfExtremeScales(operation(activation), element, inputs: 2)
    }
  }

  @Test func refusesOtherOperands() throws {
    // The output's type is the inputs', whatever is declared.
    try expectElementwiseRejections(
      operation(), supported: [.float32, .float16, .int8, .uint8, .int16, .int32, .int64], inputs: 2,
      declaresOutput: false)
    let floats = try TestTensor([1, 2] as [Float])
    #expect(try run(operation(), [floats, floats], outputs: [(.int32, .none)])[0].floats == [2, 4])
    for activation: Int8 in [-1, 4, 5, 6, 9] {
      expectRejection(of: try operation(activation), [floats, floats], outputs: [(.float32, .none)])
    }
  }
}
