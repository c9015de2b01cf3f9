internal import Glibc

extension NumpyArray {
  /// Reads an `.npy` file of version 1.0, 2.0 or 3.0.
  ///
  /// Big-endian and Fortran-order data are converted. The file must hold one array and nothing after it. Throws
  /// ``TensorFileError``; no content of the file traps or takes more memory than the file has bytes.
  package init(contentsOf path: String, limits: TensorFileLimits = .init()) throws(TensorFileError) {
    try self.init(ByteSource(path: path, limits: limits), limits: limits)
  }

  /// Reads the content of an `.npy` file. Errors call it `name`.
  package init(npy bytes: [UInt8], name: String, limits: TensorFileLimits = .init()) throws(TensorFileError) {
    try self.init(ByteSource(bytes: bytes, name: name), limits: limits)
  }

  private init(_ source: ByteSource, limits: TensorFileLimits) throws(TensorFileError) {
    let entry = StoredEntry(
      name: nil, offset: 0, storedCount: source.count, count: source.count, method: .stored, checksum: nil)
    try self.init(EntryReader(entry, in: source, limits: limits), limits: limits)
  }

  /// Reads the array that the reader's whole content is.
  init(_ reader: EntryReader, limits: TensorFileLimits) throws(TensorFileError) {
    let header = try NumpyHeader(reader, limits: limits)
    guard header.byteCount <= limits.maximumArrayBytes else {
      throw reader.error(
        .limit, "its array of \(header.byteCount) bytes exceeds the limit of \(limits.maximumArrayBytes)")
    }
    // An allocation that fails inside Array ends the process, so ask first.
    guard let probe = unsafe malloc(max(header.byteCount, 1)) else {
      throw reader.error(.limit, "there is no memory for its array of \(header.byteCount) bytes")
    }
    unsafe free(probe)
    var bytes = try reader.bytes(header.byteCount)
    try reader.finish()
    if header.isBigEndian {
      reverseByteOrder(&bytes, size: header.type.swapSize)
    }
    if header.isFortranOrder {
      bytes = cOrder(bytes, shape: header.shape, itemSize: header.type.itemSize)
    }
    if header.type == .bool {
      normalizeBooleans(&bytes)
    }
    self.init(checkedType: header.type, shape: header.shape, bytes: bytes)
  }
}

extension NumpyHeader {
  /// Reads a header, and checks that exactly its data follow.
  init(_ reader: EntryReader, limits: TensorFileLimits) throws(TensorFileError) {
    guard reader.remaining >= 10, case let start = try reader.bytes(8), Array(start[..<6]) == Self.magic else {
      throw reader.error(.malformed, "it does not start as an .npy file does")
    }
    let lengthSize: Int
    switch (start[6], start[7]) {
    case (1, 0): lengthSize = 2
    case (2, 0), (3, 0): lengthSize = 4
    default: throw reader.error(.unsupported, "its .npy version \(start[6]).\(start[7]) is not known")
    }
    let length = try reader.bytes(lengthSize).reversed().reduce(0) { (value, byte) in value << 8 | Int(byte) }
    guard length <= limits.maximumHeaderBytes else {
      throw reader.error(
        .limit, "its array header of \(length) bytes exceeds the limit of \(limits.maximumHeaderBytes)")
    }
    let dictionary = try reader.bytes(length)
    do throws(Problem) {
      try self.init(dictionary: dictionary)
    } catch {
      throw reader.error(error.reason, error.message)
    }
    guard byteCount == reader.remaining else {
      throw reader.error(
        .malformed,
        "its shape \(text(of: shape)) of \(type.descriptor) needs \(byteCount) bytes, \(reader.remaining) follow")
    }
  }
}
