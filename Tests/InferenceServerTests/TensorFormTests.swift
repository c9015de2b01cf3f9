import InferenceServer
import JSONText
import TFLiteRuntime
import TensorTypes
import Testing

struct TensorFormTests {
  private func json(_ text: String, _ datatype: Datatype, _ shape: [Int]) throws(ServingError) -> NamedTensor {
    let bytes = Array(text.utf8)
    return try NamedTensor(name: "x", datatype: datatype, shape: shape, json: bytes, range: 0..<bytes.count)
  }

  private func written(_ tensor: NamedTensor) -> String {
    var writer = JSONWriter()
    tensor.writeJSON(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func flatAndNestedAreTheSame() throws {
    for text in ["[1,2,3,4,5,6]", "[[1,2,3],[4,5,6]]", "[[1],[2,3,4,5],[6]]", "[ [ 1 , 2 ] , 3, [[4],[5,6]] ]"] {
      let tensor = try json(text, .fp32, [2, 3])
      #expect(tensor.tensor.values(as: Float.self) == [1, 2, 3, 4, 5, 6])
      #expect(tensor.shape == [2, 3])
    }
    #expect(try json("[]", .fp32, [0]).tensor.bytes.isEmpty)
    #expect(try json("[[],[]]", .int64, [2, 0]).tensor.bytes.isEmpty)
    #expect(try json("[7]", .int64, []).tensor.values(as: Int64.self) == [7])
  }

  @Test func extremesOfEveryInteger() throws {
    func check<T: TensorScalar & FixedWidthInteger>(_: T.Type, _ datatype: Datatype) throws {
      let tensor = try json("[\(T.min),\(T.max),0]", datatype, [3])
      #expect(tensor.tensor.values(as: T.self) == [T.min, T.max, 0])
      #expect(written(tensor) == "[\(T.min),\(T.max),0]")
      let raw = try NamedTensor(name: "x", datatype: datatype, shape: [3], raw: tensor.raw)
      #expect(raw == tensor)
      for bad in [
        "[\(T.max)0,0,0]", "[1.5,0,0]", "[true,0,0]", "[\"1\",0,0]", "[null,0,0]", "[1e300,0,0]", "[NaN,0,0]",
      ] {
        #expect(throws: ServingError.self) { try json(bad, datatype, [3]) }
      }
    }
    try check(Int8.self, .int8)
    try check(Int16.self, .int16)
    try check(Int32.self, .int32)
    try check(Int64.self, .int64)
    try check(UInt8.self, .uint8)
    try check(UInt16.self, .uint16)
    try check(UInt32.self, .uint32)
    try check(UInt64.self, .uint64)
    #expect(try json("[1.0]", .int8, [1]).tensor.values(as: Int8.self) == [1])
  }

  @Test func otherTypes() throws {
    #expect(written(try json("[true,false,1,0]", .bool, [4])) == "[true,false,true,false]")
    #expect(throws: ServingError.self) { try json("[2]", .bool, [1]) }
    #expect(try json("[0.5,-2]", .fp16, [2]).tensor.values(as: Float16.self) == [0.5, -2])
    #expect(try json("[1e-300]", .fp64, [1]).tensor.values(as: Double.self) == [1e-300])
    #expect(throws: ServingError.self) { try json("[1]", .bf16, [1]) }
    let strings = try json(#"["a\u0000b","","é"]"#, .bytes, [3])
    #expect(strings.tensor.strings == [[97, 0, 98], [], [0xC3, 0xA9]])
    #expect(strings.raw == [3, 0, 0, 0, 97, 0, 98, 0, 0, 0, 0, 2, 0, 0, 0, 0xC3, 0xA9])
    #expect(try NamedTensor(name: "x", datatype: .bytes, shape: [3], raw: strings.raw) == strings)
    #expect(written(strings) == #"["a\u0000b","","é"]"#)
  }

  @Test(arguments: ["[1]", "[1,2,3]", "[]", "[[1,2],[3]]"])
  func wrongCounts(_ text: String) {
    let error = #expect(throws: ServingError.self) { try json(text, .fp32, [2]) }
    #expect(error?.message.contains("Shape does not match true shape of 'data' field") == true)
  }

  @Test(arguments: ["1", "{}", "[1,", "[1,2", "[[1,2]", "[1 2]", "[,1]", "[1,2],3", "[1,2]]", "\"a\"", "null", ""])
  func malformedData(_ text: String) {
    #expect(throws: ServingError.self) { try json(text, .fp32, [2]) }
  }

  @Test func malformedRaw() {
    func raw(_ bytes: [UInt8], _ datatype: Datatype, _ shape: [Int]) throws(ServingError) -> NamedTensor {
      try NamedTensor(name: "x", datatype: datatype, shape: shape, raw: bytes)
    }
    #expect(throws: ServingError.self) { try raw([1, 2, 3], .fp32, [1]) }
    #expect(throws: ServingError.self) { try raw([], .fp32, [1 << 40, 1 << 40]) }
    #expect(throws: ServingError.self) { try raw([], .fp32, [-1]) }
    #expect(throws: ServingError.self) { try raw([], .fp32, [Int](repeating: 1, count: 100)) }
    #expect(throws: ServingError.self) { try raw([1, 0, 0], .bytes, [1]) }
    #expect(throws: ServingError.self) { try raw([255, 255, 255, 255, 1], .bytes, [1]) }
    #expect(throws: ServingError.self) { try raw([0, 0, 0, 0, 0, 0, 0, 0], .bytes, [1]) }
    #expect(throws: ServingError.self) { try raw([0, 0, 0, 0], .bytes, [1 << 30]) }
  }
}
