internal import TensorTypes

/// An element type as the accelerator sees it: integers that carry a quantisation are other types than plain ones.
///
/// Names follow the measured tables: `i8q` is a quantised `int8`, `i8` a plain one.
enum Datatype: UInt8, Sendable, Hashable, CaseIterable {
  case bool, f16, f32, f64
  case i8, u8, i16, u16, i32, u32, i64, u64
  case i2q, i4q, i8q, u8q, i16q, u16q, i32q, u32q

  /// nil for element types that the accelerator's compiler cannot convert, which fails the whole model.
  init?(_ element: ElementType, isQuantized: Bool) {
    switch element {
    case .bool: self = .bool
    case .float16: self = .f16
    case .float32: self = .f32
    case .float64: self = .f64
    case .int2: self = .i2q
    case .int4: self = .i4q
    case .int8: self = isQuantized ? .i8q : .i8
    case .uint8: self = isQuantized ? .u8q : .u8
    case .int16: self = isQuantized ? .i16q : .i16
    case .uint16: self = isQuantized ? .u16q : .u16
    case .int32: self = isQuantized ? .i32q : .i32
    case .uint32: self = isQuantized ? .u32q : .u32
    case .int64: self = .i64
    case .uint64: self = .u64
    case .string, .complex64, .complex128, .resource, .variant, .bfloat16, .uint4, .float8E4M3FN, .float8E5M2:
      return nil
    }
  }

  /// For people: `quantised int8`.
  var text: String {
    switch self {
    case .bool: "bool"
    case .f16: "float16"
    case .f32: "float32"
    case .f64: "float64"
    case .i8: "plain int8"
    case .u8: "plain uint8"
    case .i16: "plain int16"
    case .u16: "plain uint16"
    case .i32: "int32"
    case .u32: "uint32"
    case .i64: "int64"
    case .u64: "uint64"
    case .i2q: "quantised int2"
    case .i4q: "quantised int4"
    case .i8q: "quantised int8"
    case .u8q: "quantised uint8"
    case .i16q: "quantised int16"
    case .u16q: "quantised uint16"
    case .i32q: "quantised int32"
    case .u32q: "quantised uint32"
    }
  }

  /// The type that the datatype check uses: integers below eight bits are stored as `i8q`.
  var stored: Datatype { self == .i2q || self == .i4q ? .i8q : self }
}

/// A set of datatypes, written as a list in the rules.
struct Datatypes: OptionSet, Sendable, Hashable {
  let rawValue: UInt32
  init(rawValue: UInt32) { self.rawValue = rawValue }
  private init(_ type: Datatype) { rawValue = 1 << UInt32(type.rawValue) }

  static let bool = Datatypes(.bool)
  static let f16 = Datatypes(.f16)
  static let f32 = Datatypes(.f32)
  static let f64 = Datatypes(.f64)
  static let i8 = Datatypes(.i8)
  static let u8 = Datatypes(.u8)
  static let i16 = Datatypes(.i16)
  static let u16 = Datatypes(.u16)
  static let i32 = Datatypes(.i32)
  static let u32 = Datatypes(.u32)
  static let i64 = Datatypes(.i64)
  static let u64 = Datatypes(.u64)
  static let i2q = Datatypes(.i2q)
  static let i4q = Datatypes(.i4q)
  static let i8q = Datatypes(.i8q)
  static let u8q = Datatypes(.u8q)
  static let i16q = Datatypes(.i16q)
  static let u16q = Datatypes(.u16q)
  static let i32q = Datatypes(.i32q)

  /// `f16` and `f32`.
  static let float: Datatypes = [.f16, .f32]
  /// Quantised integers of eight bits, and the narrower ones that are stored in eight.
  static let byte: Datatypes = [.i2q, .i4q, .i8q, .u8q]
  static let anything = Datatypes(rawValue: .max)

  func contains(_ type: Datatype) -> Bool { contains(Datatypes(type)) }

  /// For people: the members' names.
  var text: String {
    let names = Datatype.allCases.filter { contains($0) }.map(\.text)
    return names.isEmpty ? "nothing" : names.joined(separator: ", ")
  }
}
