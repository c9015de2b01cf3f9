internal import FlatBuffers
internal import Kernels

/// The layout of a string tensor's value: the number of strings, where each begins and where the last ends (all 32-bit, offsets from the
/// value's start), then the characters.
///
/// Source: TFLite's string tensors.
enum StringTensor {
  /// The number of strings in `bytes`.
  ///
  /// - Throws: when an offset leads outside, or runs backwards.
  static func check(_ bytes: SharedBytes, at location: ModelError.Location) throws(ModelError) -> Int {
    let span = bytes.span
    guard bytes.count >= 8 else {
      throw ModelError(.malformed, "a string constant of \(bytes.count) bytes has no room for its header", at: location)
    }
    let count = Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: 0, as: Int32.self))
    guard count >= 0, count <= (bytes.count - 8) / 4 else {
      throw ModelError(.malformed, "\(count) strings do not fit in a constant of \(bytes.count) bytes", at: location)
    }
    var previous = 4 * (count + 2)
    for index in 0...count {
      let offset = Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: 4 * (index + 1), as: Int32.self))
      guard offset >= previous, offset <= bytes.count else {
        throw ModelError(
          .malformed, "string \(index) begins at \(offset), outside \(previous) to \(bytes.count)", at: location)
      }
      previous = offset
    }
    return count
  }

  /// The value of a string tensor without elements.
  static func empty(at location: ModelError.Location) throws(ModelError) -> Constant {
    do {
      // No strings; the first would begin at byte 8.
      let header: [Int32] = [0, 8]
      return Constant(unsafe try SharedBytes(copying: header.span.bytes))
    } catch {
      throw ModelError(.outOfMemory, "\(error)", at: location)
    }
  }
}
