internal import Testing

@testable import TensorFiles

@Suite struct NumpyHeaderTests {
  @Test func `the order of the keys, quotes and white space do not matter`() throws {
    for text in [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n",
      "{'shape':(2,3),'fortran_order':False,'descr':'<f4'}",
      "{ \"fortran_order\" : False ,\t'shape' : ( 2L , 3L , ) , 'descr' : '=f4' }   \n",
    ] {
      let header = try NumpyHeader(dictionary: Array(text.utf8))
      #expect(header.type == .float32)
      #expect(header.shape == [2, 3])
      #expect(!header.isFortranOrder && !header.isBigEndian)
      #expect(header.byteCount == 24)
    }
  }

  @Test(arguments: [
    ("|b1", NumpyType.bool), ("|i1", .int8), ("<i2", .int16), (">i4", .int32), ("<i8", .int64), ("|u1", .uint8),
    ("<u2", .uint16), ("<u4", .uint32), (">u8", .uint64), ("<f2", .float16), ("<f4", .float32), ("f8", .float64),
    ("<c8", .complex64), (">c16", .complex128), ("|S7", .bytes(length: 7)), ("<U3", .unicode(length: 3)),
  ])
  func `every supported dtype is read`(descriptor: String, type: NumpyType) throws {
    let header = try NumpyHeader(dictionary: dictionary(descriptor: descriptor, shape: "(5,)"))
    #expect(header.type == type)
    #expect(header.isBigEndian == descriptor.hasPrefix(">"))
    #expect(header.byteCount == 5 * type.itemSize)
  }

  @Test(arguments: [
    "|O", "<M8[ns]", "|V4", "<f16", "<f3", "<i16", "|b2", "", "<", "S", "S-1", "S9999999999", "U+3", "ff4", "<f 4",
  ])
  func `other dtypes are refused`(descriptor: String) throws {
    #expect(throws: Problem.self) {
      try NumpyHeader(dictionary: dictionary(descriptor: descriptor, shape: "(1,)"))
    }
  }

  @Test(arguments: [
    "", "{", "{}", "}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x",
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}",
    "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}", "{'descr': '<f4' 'fortran_order': False, 'shape': ()}",
    "{'descr': '\\x3cf4', 'fortran_order': False, 'shape': ()}", "{'descr': '<f4, 'fortran_order': False, 'shape': ()}",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}",
  ])
  func `a malformed dictionary is refused`(text: String) {
    #expect(throws: Problem.self) { try NumpyHeader(dictionary: Array(text.utf8)) }
  }

  @Test(arguments: [
    "3", "(3)", "[3]", "(-1,)", "(1,,2)", "(,)", "(1 2)", "(03,)", "(0x3,)", "(1.0,)", "(True,)",
    "(9223372036854775808,)",
    "(99999999999999999999999,)", "(4294967296, 4294967296)", "(2305843009213693952, 4)",
    // The product is 0, but strides would overflow.
    "(0, 4294967296, 4294967296)", "(" + String(repeating: "1,", count: 65) + ")", "((1,),)",
  ])
  func `a shape that is no shape or too large is refused`(shape: String) {
    #expect(throws: Problem.self) { try NumpyHeader(dictionary: dictionary(descriptor: "<f4", shape: shape)) }
  }

  @Test func `shapes with no axes, no elements and many axes are read`() throws {
    #expect(try NumpyHeader(dictionary: dictionary(descriptor: "<f4", shape: "()")).byteCount == 4)
    #expect(try NumpyHeader(dictionary: dictionary(descriptor: "<f4", shape: "(0,)")).byteCount == 0)
    #expect(try NumpyHeader(dictionary: dictionary(descriptor: "<f4", shape: "(7, 0, 1000000)")).byteCount == 0)
    let ones = "(" + String(repeating: "1,", count: 64) + ")"
    #expect(try NumpyHeader(dictionary: dictionary(descriptor: "<f4", shape: ones)).byteCount == 4)
  }

  @Test func `elements without bytes are refused where there are elements`() throws {
    #expect(throws: Problem.self) {
      try NumpyHeader(dictionary: dictionary(descriptor: "|S0", shape: "(4611686018427387904,)"))
    }
    #expect(try NumpyHeader(dictionary: dictionary(descriptor: "|S0", shape: "(0,)")).byteCount == 0)
  }

  @Test func `a written header ends at a multiple of 64 and reads back`() throws {
    for rank in 0...64 {
      let shape = (0..<rank).map { $0 < 3 ? 1000 + $0 : 1 }
      let encoded = NumpyHeader.encoded(type: .float64, shape: shape)
      #expect(encoded.count % 64 == 0)
      #expect(encoded.last == 0x0A)
      #expect(Int(encoded[8]) + 256 * Int(encoded[9]) == encoded.count - 10)
      let header = try NumpyHeader(dictionary: Array(encoded[10...]))
      #expect(header.shape == shape)
      #expect(header.type == .float64)
    }
  }

  private func dictionary(descriptor: String, shape: String) -> [UInt8] {
    Array("{'descr': '\(descriptor)', 'fortran_order': False, 'shape': \(shape), }\n".utf8)
  }
}
