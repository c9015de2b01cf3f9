import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct CastTests {
  private static let integers: [ElementType] = [.int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64]
  private static let numbers: [ElementType] = [.float16, .bfloat16, .float32, .float64, .complex64] + integers
  private static let packed: [ElementType] = [.int2, .int4, .uint4]
  private let operation = Cast(options: .defaults)

  private func cast(_ x: TestTensor, _ element: ElementType, threads: Int = 1) throws -> TestTensor {
    try run(operation, [x], outputs: [(element, .none)], threads: threads)[0]
  }

  /// Every pair of types, with the integers 0 to 5 that all of them hold, around blocks of 256.
  @Test(arguments: numbers) func keepsSmallIntegers(_ from: ElementType) throws {
    // Around one block, and around the vectors inside of it.
    for count in [0, 1, 3, 4, 5, 16, 33, 257] + (from == .float32 ? [20_000] : []) {
      let x = (0..<count).map { $0 % 6 }
      let source = try TestTensor(integers: x, as: from)
      for to in Self.numbers {
        let wanted = try TestTensor(integers: x, as: to)
        if try cast(source, to, threads: Sizes.threads(count)).bytes != wanted.bytes {
          Issue.record("\(count) to \(to)")
        }
      }
    }
  }

  @Test(arguments: Sizes.shapes) func keepsTheShape(_ dimensions: [Int]) throws {
    let x = try TestTensor(integers: [Int](repeating: 1, count: dimensions.reduce(1, *)), dimensions, as: .int8)
    let result = try cast(x, .float32)
    #expect(result.type.shape.dimensions == dimensions && result.floats.allSatisfy { $0 == 1 })
  }

  /// Fractions are dropped, numbers out of range become the nearest end, NaN the upper one.
  @Test(arguments: [ElementType.float16, .bfloat16, .float32, .float64, .complex64], integers)
  func limitsRealNumbers(_ from: ElementType, _ to: ElementType) throws {
    let limits = try #require(to.integerLimits)
    let x = try TestTensor(
      numbers: [0, -0.0, 1.75, -1.75, 0.999, 100, -100, 1e30, -1e30, .nan, .infinity, -.infinity], as: from)
    let expected = x.numbers.map { value -> Int in
      if value.isNaN || value >= Double(limits.upperBound) { return limits.upperBound }
      return value <= Double(limits.lowerBound) ? limits.lowerBound : Int(value.rounded(.towardZero))
    }
    let result = try cast(x, to)
    if to == .uint64 {
      #expect(result.values(UInt64.self) == expected.map { $0 == .max ? .max : UInt64($0) })
    } else {
      #expect(result.integers == expected)
    }
  }

  @Test(arguments: integers, integers) func dropsTheBitsOfIntegers(_ from: ElementType, _ to: ElementType) throws {
    let limits = try #require(from.integerLimits)
    let x = [limits.lowerBound, limits.lowerBound + 1, 0, 1, 100, limits.upperBound - 1, limits.upperBound]
    let source = try TestTensor(integers: x, as: from)
    #expect(try cast(source, to).bytes == TestTensor(integers: x, as: to).bytes)
  }

  @Test(arguments: [ElementType.float16, .bfloat16, .float32, .float64]) func roundsIntegers(_ to: ElementType) throws {
    for from in Self.integers {
      let limits = try #require(from.integerLimits)
      let x = [limits.lowerBound, 0, 77, (1 << 24) + 1, limits.upperBound].filter { limits.contains($0) }
      let result = try cast(TestTensor(integers: x, as: from), to).numbers
      // Through float32 to the narrower types, as in the reference kernel.
      #expect(result == x.map { to == .float64 ? Double($0) : to.rounded(Double(Float($0))) }, "\(from)")
    }
    let huge = try cast(TestTensor([UInt64.max, 1 << 63]), to).numbers
    #expect(huge == [to.rounded(0x1p64), to.rounded(0x1p63)])
  }

  @Test(arguments: numbers) func readsTruth(_ element: ElementType) throws {
    let truth = try TestTensor([true, false, true])
    #expect(try cast(truth, element).numbers == [1, 0, 1])
    #expect(try cast(TestTensor(integers: [0, 1, 5], as: element), .bool).bytes == [0, 1, 1])
    if element.epsilon > 0 {
      #expect(
        try cast(TestTensor(numbers: [0, -0.0, 0.25, .nan, -.infinity], as: element), .bool).bytes == [0, 0, 1, 1, 1])
    }
    let odd = try TestTensor([0, 2, 255] as [UInt8], element: .bool)
    #expect(try cast(odd, element).numbers == [0, 1, 1])
  }

  @Test(arguments: packed) func unpacksIntegers(_ from: ElementType) throws {
    let limits = try #require(from.integerLimits)
    for count in [0, 1, 2, 3, 4, 5, 33, 257] {
      let x = (0..<count).map { limits.lowerBound + $0 % limits.count }
      let source = try TestTensor(integers: x, as: from)
      for to in Self.numbers {
        #expect(try cast(source, to).bytes == TestTensor(integers: x, as: to).bytes)
      }
      // Back, from float32 only.
      #expect(try cast(TestTensor(integers: x, as: .float32), from).integers == x)
    }
    let wide = try TestTensor([-.infinity, -100, -1.9, 1.9, 100, .infinity] as [Float])
    let (low, high) = (limits.lowerBound, limits.upperBound)
    #expect(try cast(wide, from).integers == [low, low, max(low, -1), 1, high, high])
  }

  /// Every 8-bit floating number, against the formats' definitions.
  @Test(arguments: [(ElementType.float8E4M3FN, 3, 7), (.float8E5M2, 2, 15)])
  func readsEveryByte(_ element: ElementType, _ fractionBits: Int, _ bias: Int) throws {
    let bytes = (0...255).map { UInt8($0) }
    let expected = bytes.map { byte -> Double in
      let exponent = Int(byte & 0x7F) >> fractionBits
      let fraction = Int(byte) & ((1 << fractionBits) - 1)
      if element == .float8E5M2, exponent == 31 { return fraction == 0 ? (byte > 127 ? -.infinity : .infinity) : .nan }
      if element == .float8E4M3FN, byte & 0x7F == 0x7F { return .nan }
      let one = 1 << fractionBits
      let significand = Double(exponent == 0 ? fraction : fraction + one) / Double(one)
      let magnitude = significand * Double(sign: .plus, exponent: max(exponent, 1) - bias, significand: 1)
      return byte > 127 ? -magnitude : magnitude
    }
    let result = try cast(TestTensor(bytes, element: element), .float32).numbers
    expectNear(result, expected, tolerance: 0)
    #expect(result[128].sign == .minus)
  }

  @Test(arguments: ElementType.movable) func copiesItsOwnType(_ element: ElementType) throws {
    guard ![.resource, .variant, .complex128].contains(element) else { return }
    let source = Grid.numbered([33])
    #expect(try cast(source.tensor(element), element).bytes == source.tensor(element).bytes)
  }

  @Test func refusesOtherOperands() throws {
    let floats = try TestTensor([1 as Float])
    try expectOnly(
      Self.numbers + Self.packed + [.bool, .float8E4M3FN, .float8E5M2], for: operation, [floats], output: .float32)
    let targets = Self.numbers + Self.packed + [.bool, .float8E4M3FN, .float8E5M2]
    for element in ElementType.allCases where !targets.contains(element) {
      expectRejection(.unsupported, of: operation, [floats], outputs: [(element, .none)], "\(element)")
    }
    for element in Self.packed {
      expectRejection(.unsupported, of: operation, [try TestTensor([1 as Int32])], outputs: [(element, .none)])
    }
    expectOperandCounts(operation, [floats], outputs: [(.float32, .none)])
  }
}

@Suite struct CastFloat8Tests {
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
