internal import NIOCore

/// Where requests begin in the bytes of a connection, followed beside the decoder that reads them.
struct RequestFraming {
  /// What a decoder found in some bytes.
  struct Decoded {
    /// Requests whose head ended there.
    var heads = 0
    /// That of the last of them; nil when the head does not say it by itself.
    var bodyLength: Int?
  }

  /// Bytes of the request under way that are still to come; nil when that is not known, which stays so.
  private var due: Int? = 0

  /// Whether the next byte is a request's first.
  var isBetweenRequests: Bool { due == 0 }

  /// Goes on over bytes that were decoded.
  ///
  /// - Returns: the length of the head when one request begins where the bytes begin, and no other one follows it.
  mutating func follow(_ bytes: ByteBuffer, _ decoded: Decoded) -> Int? {
    let count = bytes.readableBytes
    guard let due else { return nil }
    guard due == 0 else {
      self.due = count <= due ? due - count : nil
      return nil
    }
    guard decoded.heads == 1, let length = decoded.bodyLength, let head = Self.headLength(bytes),
      case let (end, overflow) = head.addingReportingOverflow(length), !overflow, end >= count
    else {
      self.due = nil
      return nil
    }
    self.due = end - count
    return head
  }

  /// The length of a head that ends with its first empty line, as every decoder sees it: nothing stands before it, and no line ends without a
  /// carriage return.
  static func headLength(_ bytes: ByteBuffer) -> Int? {
    let view = bytes.readableBytesView
    guard let first = view.first, UInt8(ascii: "A")...UInt8(ascii: "Z") ~= first else { return nil }
    var rest = view
    while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
      // A line has a byte at least: its carriage return.
      guard newline > rest.startIndex, view[newline - 1] == UInt8(ascii: "\r") else { return nil }
      if newline == rest.startIndex + 1 { return newline + 1 - view.startIndex }
      rest = view[(newline + 1)...]
    }
    return nil
  }
}
