internal import FlatBuffers

/// The structure of the operators' options tables, one word for each table and one letter for each slot: `b` `h` `i` `l` are numbers of
/// 1, 2, 4 and 8 bytes, capitals are vectors of them, `s` is a string.
///
/// Source: the TFLite schema, `schema.fbs`.
enum OptionsStructure {
  /// Members 1 to 126 of the union `BuiltinOptions`.
  static let builtinOptions = [
    "biibiib", "biiibii", "iII", "b", "biiiib", "ibb", "bb", "bbbbb", "i", "ib",  // 1
    "bb", "b", "iiii", "biibb", "iibb", "i", "I", "iib", "i", "b",  // 11
    "b", "", "ii", "", "", "", "b", "bb", "b", "I",  // 21
    "bbb", "iiiiib", "", "", "i", "", "bb", "", "", "b",  // 31
    "", "", "", "", "", "", "", "", "biibb", "b",  // 41
    "", "", "", "", "b", "", "b", "iiib", "ii", "",  // 51
    "i", "", "", "ii", "", "", "", "", "biibbb", "bbbb",  // 61
    "biibbb", "", "", "bb", "i", "", "b", "", "i", "b",  // 71
    "", "", "", "", "", "", "ii", "", "", "",  // 81
    "", "ii", "ii", "i", "", "", "", "", "", "",  // 91
    "bbb", "bb", "i", "", "", "biiibiii", "ibb", "", "", "",  // 101
    "ss", "", "", "ll", "I", "b", "", "", "", "",  // 111
    "", "", "", "", "", "",  // 121
  ]

  /// Members 1 to 23 of the union `BuiltinOptions2`.
  static let builtinOptions2 = [
    "l", "L", "LLL", "LLLLBllLllLllLllI", "sbsiIB", "Li", "bLLLlbi", "ii", "L", "LLL",  // 1
    "l", "LLLLI", "LLLLLi", "lbi", "ii", "LLLlLb", "L", "", "b", "i",  // 11
    "siBbi", "", "I",  // 21
  ]

  static func table(_ word: String) -> FlatBufferSchema.Table {
    FlatBufferSchema.Table(fields: word.utf8.map(field), cost: 16)
  }

  private static func field(_ letter: UInt8) -> FlatBufferSchema.Field {
    switch letter {
    case UInt8(ascii: "b"): .scalar(size: 1)
    case UInt8(ascii: "h"): .scalar(size: 2)
    case UInt8(ascii: "i"): .scalar(size: 4)
    case UInt8(ascii: "l"): .scalar(size: 8)
    case UInt8(ascii: "s"): .string
    case UInt8(ascii: "H"): .vector(elementSize: 2)
    case UInt8(ascii: "I"): .vector(elementSize: 4)
    case UInt8(ascii: "L"): .vector(elementSize: 8)
    default: .bytes
    }
  }
}
