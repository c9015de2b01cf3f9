import FlatBuffers
import KernelTestSupport
import Testing

@Suite struct FlexBufferTests {
  private func root(_ bytes: [UInt8]) throws -> FlexBuffer {
    try FlexBuffer(rootOf: SharedBytes(copying: bytes.span.bytes))
  }

  private static let fields: [String: FlexBufferField] = [
    "a": .integer(-7), "bool": .bool(true), "empty": .string(""), "list": .integers([3, -4, 5]),
    "long": .integer(1 << 30),
    "ratio": .float(0.25), "text": .string("SAME"),
  ]

  @Test(arguments: [4, 8]) func readsMaps(width: Int) throws {
    let map = try root(flexBufferMap(Self.fields, width: width))
    #expect(try map["a"].integer() == -7)
    #expect(try map["a"].double() == -7)
    #expect(try map["a"].bool())
    #expect(try map["bool"].bool())
    #expect(try map["bool"].integer() == 1)
    #expect(try map["long"].integer() == 1 << 30)
    #expect(try map["ratio"].double() == 0.25)
    #expect(try map["ratio"].integer() == 0)
    #expect(try map["text"].string() == "SAME")
    #expect(try map["empty"].string() == "")
    #expect(try map["list"].vector().map { try $0.integer() } == [3, -4, 5])
    #expect(try map["list"].integer() == 3)
    #expect(try map.vector().count == 7)
  }

  @Test func missingKeysAreNull() throws {
    let map = try root(flexBufferMap(Self.fields))
    for key in ["", "ab", "tex", "textual", "zzz"] {
      #expect(try map[key].isNull)
      #expect(try map[key].integer() == 0)
      #expect(try map[key].double() == 0)
      #expect(try !map[key].bool())
      #expect(try map[key].string() == nil)
      #expect(try map[key].vector().isEmpty)
      #expect(try map[key]["deeper"].isNull)
    }
  }

  /// Bytes written by hand from the format's description.
  @Test func readsScalarsAndVectors() throws {
    #expect(try root([0xFE, 1 << 2, 1]).integer() == -2)
    #expect(try root([0xFE, 2 << 2, 1]).integer() == 254)
    #expect(try root([0, 0, 0x40, 0x40, 3 << 2 | 2, 4]).double() == 3)
    #expect(try root([0x00, 0xC2, 3 << 2 | 1, 2]).double() == -3)
    // An indirect integer: the value, an offset of 1 to it.
    #expect(try root([42, 1, 6 << 2, 1]).integer() == 42)
    // A vector of anything: length, two elements, their types.
    let mixed = try root([2, 7, 1, 1 << 2, 26 << 2, 4, 10 << 2, 1]).vector()
    #expect(try mixed.map { try $0.integer() } == [7, 1])
    // Three integers without a length.
    #expect(try root([1, 2, 3, 3, 19 << 2, 1]).vector().map { try $0.integer() } == [1, 2, 3])
    // Bools.
    #expect(try root([2, 1, 0, 2, 36 << 2, 1]).vector().map { try $0.bool() } == [true, false])
    #expect(try root([]).isNull)
  }

  @Test func floatsBecomeIntegersWithoutTrapping() throws {
    for (value, expected) in [(1e300, Int64.max), (-1e300, .min), (.nan, 0), (-2.9, -2)] as [(Double, Int64)] {
      var bytes = withUnsafeBytes(of: value) { [UInt8]($0) }
      bytes += [3 << 2 | 3, 8]
      #expect(try root(bytes).integer() == expected)
    }
    #expect(try root([UInt8](repeating: 0xFF, count: 8) + [2 << 2 | 3, 8]).integer() == .max)
  }

  /// Reads everything that can be asked for; errors are fine, traps and endless loops are not.
  private func readAll(_ bytes: [UInt8], depth: Int = 2) {
    guard let value = try? root(bytes) else { return }
    func read(_ value: FlexBuffer, _ depth: Int) {
      _ = try? value.integer()
      _ = try? value.double()
      _ = try? value.bool()
      _ = try? value.string()
      for key in ["a", "text", "list", "missing"] { _ = try? value[key].integer() }
      guard depth > 0, let elements = try? value.vector() else { return }
      for element in elements.prefix(8) { read(element, depth - 1) }
    }
    read(value, depth)
  }

  @Test(arguments: [4, 8]) func survivesEveryChangedByte(width: Int) {
    let bytes = flexBufferMap(Self.fields, width: width)
    for place in bytes.indices {
      for value in [0, 1, 2, 3, 0x7F, 0x80, 0xFF, bytes[place] ^ 4, bytes[place] &+ 1] as [UInt8] {
        var changed = bytes
        changed[place] = value
        readAll(changed)
      }
    }
  }

  @Test func survivesTruncationAndNoise() {
    let bytes = flexBufferMap(Self.fields)
    for count in bytes.indices {
      readAll(Array(bytes.prefix(count)))
      readAll(Array(bytes.suffix(count)))
    }
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<3000 {
      let noise: [UInt8] = generator.integers(Int.random(in: 1...40, using: &generator), in: 0...255)
      for kind in [9, 10, 4, 5, 6, 14] as [UInt8] { readAll(noise + [kind << 2, 1]) }
    }
  }

  @Test func refusesDamage() {
    // A width that is none, an unknown kind, an offset beyond the start, a length beyond the end.
    #expect(throws: FlatBufferError.self) { try root([1, 1 << 2, 3]) }
    #expect(throws: FlatBufferError.self) { try root([1, 60 << 2, 1]) }
    #expect(throws: FlatBufferError.self) { try root([9, 5 << 2, 1]).string() }
    #expect(throws: FlatBufferError.self) { try root([200, 65, 0, 2, 5 << 2, 1]).string() }
    #expect(throws: FlatBufferError.self) { try root([200, 65, 0, 2, 11 << 2, 1]).vector() }
    // Text that is not UTF-8, and a string as a number.
    #expect(throws: FlatBufferError.self) { try root([1, 0xFF, 0, 2, 5 << 2, 1]).string() }
    #expect(throws: FlatBufferError.self) { try root([1, 65, 0, 2, 5 << 2, 1]).integer() }
  }
}
