import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct MulTests {
  private let checks = ArithmeticChecks(
    make: { try Mul(options: .table([0: .int8($0)])) }, takesUnquantized: true
  ) { $0 * $1 }

  @Test(arguments: [ElementType.float32, .float16, .int16, .int32, .int64, .uint32])
  func broadcasts(_ element: ElementType) throws {
    try checks.broadcasts(element, magnitude: 99)
  }

  @Test func clampsWithActivations() throws {
    try checks.clampsWithActivations([.float32, .float16, .int16, .int32, .int64])
  }

  /// An infinite product becomes the largest finite number, as in the reference kernel's clamp.
  @Test func takesInfinitiesAndNaN() throws {
    let a = try TestTensor([.infinity, -.infinity, .nan, .infinity, -0.0, .greatestFiniteMagnitude] as [Float])
    let b = try TestTensor([1, 1, 1, 0, 3, -2] as [Float])
    let result = try run(checks.make(0), [a, b], outputs: [(.float32, .none)])[0].floats
    let limit = Float.greatestFiniteMagnitude
    expectClose(result, [limit, -limit, .nan, .nan, 0, -limit])
    #expect(result[4].sign == .minus)
  }

  @Test func wraps() throws {
    func products<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws {
      let a: [T] = [.max, .min, .max, .min, 3]
      let b: [T] = [.max, .min, 2, .max, .max]
      let input = try TestTensor(a)
      let result = try run(checks.make(0), [input, TestTensor(b)], outputs: [(input.type.element, .none)])[0]
      #expect(result.values(T.self) == zip(a, b).map { $0 &* $1 })
    }
    try products(Int16.self)
    try products(Int32.self)
    try products(Int64.self)
    try products(UInt32.self)
  }

  @Test func multipliesComplexNumbers() throws {
    let a: [SIMD2<Float>] = [[1, 2], [0, 1], [-3, 0.5], [2, -2], [0, 0]]
    for count in [1, 5] {
      let b: [SIMD2<Float>] = Array([[3, -1], [0, 1], [2, 2], [1, 0], [5, 5]].prefix(count))
      let result = try run(
        checks.make(0), [TestTensor(a, element: .complex64), TestTensor(b, element: .complex64)],
        outputs: [(.complex64, .none)])[0]
      let expected = a.indices.map { index -> SIMD2<Float> in
        let (p, q) = (a[index], b[count == 1 ? 0 : index])
        return [p.x * q.x - p.y * q.y, p.x * q.y + p.y * q.x]
      }
      #expect(result.values(SIMD2<Float>.self) == expected)
    }
    let one = try TestTensor([SIMD2<Float>(1, 1)], element: .complex64)
    expectRejection(.malformed, of: try checks.make(1), [one, one], outputs: [(.complex64, .none)])
  }

  @Test(arguments: [ElementType.int8, .uint8], [(Float(0.05), Float(0.031), Float(0.02)), (0.05, 0.05, 0.3)])
  func multipliesQuantisedBytes(_ element: ElementType, _ scales: (Float, Float, Float)) throws {
    try checks.matchesOnQuantisedBytes(element, scales)
  }

  @Test(arguments: [(0.0003, 0.0007, 0.001), (0x1p-12, 0x1p-10, 0x1p-10)] as [(Float, Float, Float)])
  func multipliesQuantisedShorts(_ scales: (Float, Float, Float)) throws {
    try checks.matchesOnQuantisedShorts(scales)
  }

  @Test func computesInPlace() throws { try checks.computesInPlace() }

  @Test func refusesOtherOperands() throws {
    try checks.refuses(
      supported: [.float32, .float16, .int8, .uint8, .int16, .int32, .int64, .uint32, .complex64])
  }
}
