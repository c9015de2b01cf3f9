import InferenceServer
import JSONText
import Testing

struct JSONTests {
  private func parse(_ text: String) throws(JSONError) -> JSONValue { try JSONReader.document(Array(text.utf8)) }

  @Test func readsEveryKindOfValue() throws {
    #expect(
      try parse(#" {"a": [1, -2.5e1, true, false, null], "b": {"c": "é\n\"\u00e9\ud83d\ude00"}} "#)
        == .object([
          .init("a", .array([.integer(1), .number(-25), .bool(true), .bool(false), .null])),
          .init("b", .object([.init("c", .string("é\n\"é😀"))])),
        ]))
    #expect(try parse("-9223372036854775808") == .integer(.min))
    #expect(try parse("9223372036854775807") == .integer(.max))
    #expect(try parse("9223372036854775808") == .number(9_223_372_036_854_775_808))
    #expect(try parse("[]") == .array([]))
    #expect(try parse("{}") == .object([]))
    #expect(try parse("-Infinity") == .number(-.infinity))
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "01", "1.", ".5", "1e", "-",
    "+1", "tru",
    "nul", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\n\"", "1 2", "[1]]", "{\"a\":1,\"a\":2}", "]", "\u{0}",
  ])
  func refusesMalformed(_ text: String) {
    #expect(throws: JSONError.self) { try parse(text) }
  }

  @Test func refusesWhatIsNotUTF8() {
    #expect(throws: JSONError.self) { try JSONReader.document([0x22, 0xFF, 0x22]) }
  }

  @Test func depthIsBounded() {
    #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 100_000)) }
    #expect(throws: JSONError.self) {
      try JSONReader.document(
        Array((String(repeating: "[", count: 65) + String(repeating: "]", count: 65)).utf8), unread: [])
    }
  }

  @Test func theNumberOfValuesIsBounded() {
    let text = "[" + String(repeating: "1,", count: 200_000) + "1]"
    #expect(throws: JSONError.self) { try parse(text) }
  }

  @Test func unreadMembersAreSkippedButMatched() throws {
    let text = #"{"data": [[1, "a]"], {"x": [2]}], "shape": [2]}"#
    let value = try JSONReader.document(Array(text.utf8), unread: ["data"])
    guard case .unread(let range) = value["data"] else {
      Issue.record("read")
      return
    }
    #expect(String(decoding: Array(text.utf8)[range], as: UTF8.self) == #"[[1, "a]"], {"x": [2]}]"#)
    #expect(value["shape"] == .array([.integer(2)]))
    for bad in [#"{"data": [1}"#, #"{"data": [1, "a]}"#, #"{"data": }"#, #"{"data": ["#, #"{"data": "\"#] {
      #expect(throws: JSONError.self) { try JSONReader.document(Array(bad.utf8), unread: ["data"]) }
    }
  }

  @Test func writes() {
    let bytes = JSONWriter.object { writer in
      writer.member("a\"\\\n\u{1}é", "b")
      writer.member("n", integers: [1, -2])
      writer.name("f")
      writer.array { writer in
        writer.number(Float(0.1))
        writer.number(Double.nan)
        writer.number(-Double.infinity)
        writer.bool(true)
        writer.null()
        writer.object { _ in }
      }
    }
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == #"{"a\"\\\n\u0001é":"b","n":[1,-2],"f":[0.1,NaN,-Infinity,true,null,{}]}"#)
  }

  /// What is written is read back as the same number, for numbers of every size.
  @Test func numbersSurvive() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let value = Double(bitPattern: generator.next())
      guard value.isFinite else { continue }
      var writer = JSONWriter()
      writer.number(value)
      switch try JSONReader.document(writer.bytes) {
      case .number(let read): #expect(read.bitPattern == value.bitPattern || (read == 0 && value == 0))
      case .integer(let read): #expect(Double(read) == value)
      default: Issue.record("\(value)")
      }
    }
  }
}
