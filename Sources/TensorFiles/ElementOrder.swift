/// Reverses the bytes of every group of `size` bytes. The count must be a multiple of `size`.
func reverseByteOrder(_ bytes: inout [UInt8], size: Int) {
  func swapAll<Word: FixedWidthInteger & BitwiseCopyable>(_: Word.Type) {
    unsafe bytes.withUnsafeMutableBytes { (buffer) in
      for offset in stride(from: 0, to: buffer.count, by: size) {
        let word = unsafe buffer.loadUnaligned(fromByteOffset: offset, as: Word.self)
        unsafe buffer.storeBytes(of: word.byteSwapped, toByteOffset: offset, as: Word.self)
      }
    }
  }
  switch size {
  case 2: swapAll(UInt16.self)
  case 4: swapAll(UInt32.self)
  case 8: swapAll(UInt64.self)
  default: break
  }
}

/// The elements of an array stored in Fortran order (first index fastest), in C order (last index fastest).
///
/// `bytes` has exactly the elements of `shape`, `itemSize` bytes each.
func cOrder(_ bytes: [UInt8], shape: [Int], itemSize: Int) -> [UInt8] {
  guard shape.count > 1, !bytes.isEmpty else { return bytes }
  var strides: [Int] = []
  var stride = itemSize
  for dimension in shape {
    strides.append(stride)
    stride *= dimension
  }
  let last = shape.count - 1
  var result: [UInt8] = []
  result.reserveCapacity(bytes.count)
  var index = Array(repeating: 0, count: last)
  var row = 0
  let source = bytes.span
  while true {
    var offset = row
    for _ in 0..<shape[last] {
      for byte in 0..<itemSize {
        result.append(source[offset &+ byte])
      }
      offset &+= strides[last]
    }
    // The next row: count up the other axes, the last of them fastest.
    var axis = last - 1
    while axis >= 0 {
      index[axis] += 1
      row += strides[axis]
      if index[axis] < shape[axis] {
        break
      }
      row -= strides[axis] * shape[axis]
      index[axis] = 0
      axis -= 1
    }
    if axis < 0 {
      return result
    }
  }
}

/// Makes every byte of booleans 0 or 1: another value would not be a `Bool`.
func normalizeBooleans(_ bytes: inout [UInt8]) {
  for index in bytes.indices where bytes[index] > 1 {
    bytes[index] = 1
  }
}
