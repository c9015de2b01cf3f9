import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct CastTests {
  /// The magnitudes that a format with these fraction bits has, by their bits; behind the last finite one what it would be without the special
  /// numbers.
  private func magnitudes(fractionBits: Int, count: Int) -> [Double] {
    let bias = fractionBits == 3 ? 7 : 15
    return (0...count).map { bits in
      let fraction = Double(bits % (1 << fractionBits)) / Double(1 << fractionBits)
      let exponent = bits >> fractionBits
      let scale = Double(sign: .plus, exponent: max(exponent, 1) - bias, significand: 1)
      return (exponent == 0 ? fraction : 1 + fraction) * scale
    }
  }

  @Test(arguments: [ElementType.float8E4M3FN, .float8E5M2]) func roundsToFloat8(element: ElementType) throws {
    let fractionBits = element == .float8E4M3FN ? 3 : 2
    let ladder = magnitudes(fractionBits: fractionBits, count: element == .float8E4M3FN ? 0x7F : 0x7C)
    var x: [Float] = [0, -0.0, 1e-30, -1e-30, .leastNonzeroMagnitude, 1e30, -1e30, .greatestFiniteMagnitude]
    for (low, high) in zip(ladder, ladder.dropFirst()) {
      let middle = Float((low + high) / 2)
      x += [Float(low), middle, middle.nextUp, middle.nextDown, -middle, Float(high)]
    }
    let expected = x.map { value -> UInt8 in
      let magnitude = min(Double(value.magnitude), 1e6)
      // The nearest; of two equally near the one with even bits.
      let best = ladder.indices.min { a, b in
        let (left, right) = (abs(ladder[a] - magnitude), abs(ladder[b] - magnitude))
        return left != right ? left < right : a % 2 < b % 2
      }
      return UInt8(best ?? 0) | (value.sign == .minus ? 0x80 : 0)
    }
    let result = try run(Cast(options: .defaults), [TestTensor(x)], outputs: [(element, .none)])
    #expect(result[0].values(UInt8.self) == expected)
    let special = try run(
      Cast(options: .defaults), [TestTensor([.infinity, -.infinity, .nan] as [Float])], outputs: [(element, .none)])
    let bits = special[0].values(UInt8.self)
    #expect(Array(bits[..<2]) == (element == .float8E4M3FN ? [0x7F, 0xFF] : [0x7C, 0xFC]))
    #expect(bits[2] & 0x7F > (element == .float8E4M3FN ? 0x7E : 0x7C))
  }

  @Test(arguments: [ElementType.float8E4M3FN, .float8E5M2]) func convertsAllTypesToFloat8(element: ElementType) throws {
    let expected = try run(
      Cast(options: .defaults), [TestTensor([-3, 0, 1, 7, 100] as [Float])], outputs: [(element, .none)])[0].bytes
    func check<T: BitwiseCopyable>(_ values: [T], element from: ElementType? = nil) throws {
      let result = try run(Cast(options: .defaults), [TestTensor(values, element: from)], outputs: [(element, .none)])
      #expect(result[0].bytes == expected)
    }
    try check([-3, 0, 1, 7, 100] as [Int8])
    try check([-3, 0, 1, 7, 100] as [Int16])
    try check([-3, 0, 1, 7, 100] as [Int32])
    try check([-3, 0, 1, 7, 100] as [Int64])
    try check([-3, 0, 1, 7, 100] as [Double])
    try check([-3, 0, 1, 7, 100] as [Float16])
    try check(expected.map { $0 }, element: element)
  }
}
