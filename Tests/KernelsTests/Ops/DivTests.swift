import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct DivTests {
  private func operation(_ activation: Int8 = 0) throws -> Div { try Div(options: .table([0: .int8(activation)])) }

  @Test(arguments: [ElementType.float32, .float16, .int32]) func broadcasts(_ element: ElementType) throws {
    var generator = SeededGenerator(seed: 32)
    for (shapeA, shapeB) in Sizes.broadcasts(element) {
      let a = generator.floats(shapeA.reduce(1, *), in: -99...99).map { Double($0) }
      let b = generator.integers(shapeB.reduce(1, *), in: 1...9).map { Double($0 % 2 == 0 ? $0 : -$0) }
      try expectBroadcast(
        operation(), TestTensor(numbers: a, shapeA, as: element), TestTensor(numbers: b, shapeB, as: element)
      ) { element == .int32 ? ($0 / $1).rounded(.towardZero) : $0 / $1 }
    }
  }

  @Test(arguments: [(Int8(1), 0.0, Double.infinity), (2, -1, 1), (3, 0, 6)])
  func clampsWithAnActivation(_ activation: Int8, _ low: Double, _ high: Double) throws {
    let x: [Double] = [-20, -2, -1, -0.5, 0, 0.5, 1, 5, 5.5, 6, 7, 20]
    for element in [ElementType.float32, .float16, .int32] {
      let a = try TestTensor(numbers: x, as: element)
      try expectBroadcast(operation(activation), a, try TestTensor(numbers: [1], as: element)) {
        min(max($0 / $1, low), high)
      }
    }
    let form = AffineForm(.int8, scale: 0.125, zeroPoint: 0)
    let integers = x.map { Int(form.place($0).rounded()) }
    let result = try run(operation(activation), [form.tensor(integers), form.tensor([8])], outputs: [form.output])[0]
    expectQuantized(result, form, integers.map { min(max(form.real($0), low), high) })
  }

  /// A real divisor may be zero: an infinite quotient becomes the largest finite number, as in the reference kernel's clamp.
  @Test func takesInfinitiesAndNaN() throws {
    let a = try TestTensor([1, -1, 0, .nan, 1, .infinity, -0.0] as [Float])
    let b = try TestTensor([0, 0, 0, 1, .infinity, .infinity, 2] as [Float])
    let result = try run(operation(), [a, b], outputs: [(.float32, .none)])[0].floats
    let limit = Float.greatestFiniteMagnitude
    expectClose(result, [limit, -limit, .nan, .nan, 0, .nan, 0])
    #expect(result[6].sign == .minus)
  }

  @Test func wrapsTheOneQuotientThatDoesNotExist() throws {
    let a = try TestTensor([Int32.min, .min, 7, -7, .max])
    let b = try TestTensor([-1, 1, -2, 2, -1] as [Int32])
    #expect(
      try run(operation(), [a, b], outputs: [(.int32, .none)])[0].values(Int32.self) == [.min, .min, -3, -3, -.max])
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16], [Float(0.01), 0.4]) func dividesQuantisedIntegers(
    _ element: ElementType, _ scale: Float
  ) throws {
    let short = element == .int16
    for left in short ? [AffineForm(element, scale: 0.001, zeroPoint: 0)] : AffineForm.zeroPoints(element, scale: 0.05)
    {
      for right in AffineForm.zeroPoints(element, scale: short ? 0.0003 : 0.03) {
        let output = AffineForm(element, scale: scale, zeroPoint: element == .uint8 ? 9 : 0)
        let a = left.everyInteger
        let b = a.indices.map { right.everyInteger[$0 * 37 % a.count] }.map {
          $0 == right.zeroPoint ? ($0 == right.limits.upperBound ? $0 - 1 : $0 + 1) : $0
        }
        let result = try run(operation(), [left.tensor(a), right.tensor(b)], outputs: [output.output])[0]
        for (index, q) in result.integers.enumerated() {
          let real = left.real(a[index]) / right.real(b[index])
          // Quotients below half a step end in a shift by more than 31 bits, which the reference kernel takes modulo 32.
          if real != 0, abs(real) < 0.5 * Double(scale) { continue }
          if abs(Double(q) - output.place(real)) > 1.001 { Issue.record("\(a[index]) / \(b[index]) is \(q)") }
        }
      }
    }
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func broadcastsQuantisedIntegers(_ element: ElementType) throws {
    let form = AffineForm(element, scale: 0.1, zeroPoint: 7)
    try expectQuantizedBroadcast(operation(), form, form, output: form.output, divides: true)
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16, .int32]) func refusesZeroDivisors(_ element: ElementType) throws {
    let form = AffineForm(element, scale: 0.5, zeroPoint: element == .int32 ? 0 : 3)
    let quantization = element == .int32 ? Quantization.none : form.quantization
    // In the last element, and in a scalar.
    for divisors in [[4, 5, form.zeroPoint], [form.zeroPoint]] {
      let a = try TestTensor(integers: [1, 2, 3], as: element, quantization: quantization)
      let b = try TestTensor(integers: divisors, as: element, quantization: quantization)
      expectRejection(.invalidValue, of: try operation(), [a, b], outputs: [(element, quantization)])
    }
  }

  @Test(arguments: [ElementType.int8, .uint8, .int16]) func refusesUnsoundQuantisation(_ element: ElementType) throws {
    try expectSoundQuantization(operation(), element, inputs: 2, takesUnquantized: true)
    try expectSurvivalOfExtremeScales(operation(1), element, inputs: 2)
  }

  @Test func refusesOtherOperands() throws {
    try expectElementwiseRejections(
      operation(), supported: [.float32, .float16, .int8, .uint8, .int16, .int32], inputs: 2)
    let floats = try TestTensor([1, 2] as [Float])
    for activation: Int8 in [-1, 4, 5, 6] {
      expectRejection(of: try operation(activation), [floats, floats], outputs: [(.float32, .none)])
    }
  }
}
