internal import FlatBuffers
internal import Kernels

/// Options that operators are asked with, whatever they mean to each: none belongs to an operator, all are tried on every one.
enum ProbeOptions {
  /// A field of an options table, of any width up to 64 bits.
  private enum Field {
    case bits(UInt32)
    case integers([Int64])
  }

  /// None; tables whose fields have the same number, as integer or as float; and some of ordinary forms.
  static func builtin() throws -> [OperatorOptions] {
    var result = [OperatorOptions.defaults]
    for (first, others) in [(0, 2), (1, 1), (2, 2), (Float(1).bitPattern, Float(1).bitPattern)] as [(UInt32, UInt32)] {
      result.append(try table([.bits(first)] + [Field](repeating: .bits(others), count: 15)))
    }
    // An interval and a number of bits.
    result.append(try table([.bits(Float(-1).bitPattern), .bits(Float(1).bitPattern), .bits(8)]))
    // A number, and the schema's types for strings and 64-bit integers.
    result.append(try table([.bits(1), .bits(5), .bits(4)]))
    // Vectors of one element for each of one dimension, or two for its ends.
    result.append(try table([Field](repeating: .integers([1]), count: 4) + [.integers([0, 0])]))
    // Where windows lie: one dimension that windows have, one that they have not.
    result.append(try table([.bits(0), .integers([1]), .integers([0]), .integers([0]), .bits(1)]))
    return result
  }

  /// None; a structure of C that begins with padding, strides and window; a FlexBuffer map.
  static func custom() throws -> [OperatorOptions] {
    let structure: [Int32] = [1, 2, 2, 2, 2, 0]
    let bytes = structure.flatMap { value in unsafe withUnsafeBytes(of: value) { unsafe Array($0) } }
    return [
      OperatorOptions(custom: nil), OperatorOptions(custom: unsafe try SharedBytes(copying: bytes.span.bytes)),
      OperatorOptions(custom: unsafe try SharedBytes(copying: map(numbers).span.bytes)),
    ]
  }

  private static let numbers: [String: UInt8] = [
    "dct_coefficient_count": 2, "filterbank_channel_count": 2, "h_scale": 1, "hadamard_size": 4,
    "lower_frequency_limit": 20, "max_classes_per_detection": 1, "max_detections": 2, "nms_iou_threshold": 1,
    "num_classes": 3, "stride": 1, "upper_frequency_limit": 200, "w_scale": 1, "window_size": 2, "x_scale": 1,
    "y_scale": 1,
  ]

  /// A FlatBuffer table of these fields, each in eight bytes.
  private static func table(_ fields: [Field]) throws -> OperatorOptions {
    let vtable = 8
    let table = (vtable + 4 + 2 * fields.count + 7) / 8 * 8 + 4
    var bytes = [UInt8](repeating: 0, count: table + 4 + 8 * fields.count)
    func put(_ value: UInt32, at place: Int) {
      for byte in 0..<4 { bytes[place + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(byte))) }
    }
    put(UInt32(table), at: 0)
    put(UInt32(4 + 2 * fields.count) | UInt32(4 + 8 * fields.count) << 16, at: vtable)
    put(UInt32(table - vtable), at: table)
    for (index, field) in fields.enumerated() {
      bytes[vtable + 4 + 2 * index] = UInt8(4 + 8 * index)
      let place = table + 4 + 8 * index
      switch field {
      case .bits(let bits): put(bits, at: place)
      case .integers(let values):
        // A vector's elements begin at a multiple of eight.
        while bytes.count % 8 != 4 { bytes.append(0) }
        put(UInt32(bytes.count - place), at: place)
        bytes += [UInt8(values.count), 0, 0, 0]
        for value in values { bytes += unsafe withUnsafeBytes(of: value) { unsafe Array($0) } }
      }
    }
    return OperatorOptions(table: try FlatBufferTable(rootOf: unsafe try SharedBytes(copying: bytes.span.bytes)))
  }

  /// A FlexBuffer map of small integers, in 16 bits each.
  private static func map(_ fields: [String: UInt8]) -> [UInt8] {
    let sorted = fields.sorted { $0.key < $1.key }
    var bytes: [UInt8] = []
    var keys: [Int] = []
    for (key, _) in sorted {
      keys.append(bytes.count)
      bytes += Array(key.utf8) + [0]
    }
    func put(_ value: Int) { bytes += [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)] }
    if bytes.count % 2 == 1 { bytes.append(0) }
    put(sorted.count)
    let vector = bytes.count
    for key in keys { put(bytes.count - key) }
    put(bytes.count - vector)
    put(2)
    put(sorted.count)
    let start = bytes.count
    for (_, value) in sorted { put(Int(value)) }
    // The types: integers of 16 bits, and a map as the root.
    bytes += [UInt8](repeating: 1 << 2 | 1, count: sorted.count)
    if bytes.count % 2 == 1 { bytes.append(0) }
    put(bytes.count - start)
    return bytes + [9 << 2 | 1, 2]
  }
}
