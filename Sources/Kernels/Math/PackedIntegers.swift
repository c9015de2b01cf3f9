internal import TensorTypes

/// Integers of two or four bits, packed into bytes with the first in the lowest bits.
struct PackedIntegers: Sendable {
  private let bits: Int
  private let isSigned: Bool

  /// The packing of an element type; nil for types that are not packed.
  init?(_ element: ElementType) {
    switch element {
    case .int2: (bits, isSigned) = (2, true)
    case .int4: (bits, isSigned) = (4, true)
    case .uint4: (bits, isSigned) = (4, false)
    default: return nil
    }
  }

  /// Elements in a byte.
  var perByte: Int { 8 / bits }

  /// The integer at `index` of the packed bytes.
  @inline(__always)
  func value(_ bytes: Span<UInt8>, _ index: Int) -> Int8 {
    let position = index &* bits
    let shifted = bytes[position &>> 3] &>> UInt8(truncatingIfNeeded: position & 7)
    let unused = UInt8(truncatingIfNeeded: 8 &- bits)
    let high = shifted &<< unused
    return isSigned ? Int8(bitPattern: high) &>> Int8(truncatingIfNeeded: unused) : Int8(bitPattern: high &>> unused)
  }

  /// Packs `value(i)` for each index into the bytes of a tensor of `count` elements. Missing elements of the last byte are 0.
  @inline(__always)
  func pack(_ bytes: inout MutableSpan<UInt8>, firstByte: Int, count: Int, _ value: (Int) -> Int8) {
    let mask = UInt8(truncatingIfNeeded: (1 &<< bits) &- 1)
    for byte in bytes.indices {
      var packed: UInt8 = 0
      for part in 0..<perByte {
        let index = (firstByte &+ byte) &* perByte &+ part
        if index < count {
          packed |= (UInt8(bitPattern: value(index)) & mask) &<< UInt8(truncatingIfNeeded: part &* bits)
        }
      }
      bytes[byte] = packed
    }
  }
}
