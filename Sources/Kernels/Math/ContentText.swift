internal import CKernels

/// A short text that tells these bytes from others, for names of packed forms: their number, and a hash of 512 bits that nobody gains by
/// circumventing.
func contentText(_ bytes: RawSpan) -> String { unsafe bytes.withUnsafeBytes { unsafe text($0) } }

/// The same for the bytes of some values.
func contentText<T: BitwiseCopyable>(_ values: [T]) -> String { unsafe values.withUnsafeBytes { unsafe text($0) } }

private func text(_ bytes: UnsafeRawBufferPointer) -> String {
  var words = InlineArray<8, UInt64>(repeating: 0)
  var target = words.mutableSpan
  unsafe target.withUnsafeMutableBufferPointer { words in
    // Safety: there are eight words.
    unsafe tflk_content_hash(bytes.baseAddress, bytes.count, words.baseAddress)
  }
  var text = "\(bytes.count)"
  for index in words.indices { text += ":" + String(words[index], radix: 16) }
  return text
}
