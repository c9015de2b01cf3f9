internal import NIOHTTP1

/// What a request's headers say of the bytes that follow them, and whether they ask for what only the responder does.
struct HeaderFraming {
  /// nil when the headers alone do not say it, or ask for something special.
  private(set) var bodyLength: Int? = 0
  /// Whether they give a length.
  private(set) var hasLength = false

  init(_ headers: HTTPHeaders) {
    for (name, value) in headers {
      switch HeaderKind(name, value) {
      case .plain: break
      case .length:
        guard !hasLength, let length = Int(value), length >= 0 else {
          bodyLength = nil
          return
        }
        hasLength = true
        bodyLength = length
      case .special:
        bodyLength = nil
        return
      }
    }
  }
}

/// What a header means for who may answer.
private enum HeaderKind {
  /// Changes nothing.
  case plain
  case length
  /// Needs what only the responder does.
  case special

  init(_ name: String, _ value: String) {
    // By length first: few headers are compared at all.
    switch name.utf8.count {
    case 6 where Self.isSame(name, "origin") || Self.isSame(name, "expect"): self = .special
    case 7 where Self.isSame(name, "upgrade") || Self.isSame(name, "baggage"): self = .special
    case 10 where Self.isSame(name, "connection"): self = value.lowercased() == "keep-alive" ? .plain : .special
    case 10 where Self.isSame(name, "tracestate"): self = .special
    case 11 where Self.isSame(name, "traceparent"): self = .special
    case 14 where Self.isSame(name, "content-length"): self = .length
    case 16 where Self.isSame(name, "content-encoding"): self = .special
    case 17 where Self.isSame(name, "transfer-encoding"): self = .special
    default: self = .plain
    }
  }

  private static func isSame(_ name: String, _ lowercased: StaticString) -> Bool {
    var index = 0
    for byte in name.utf8 {
      guard unsafe (byte | 0x20) == lowercased.utf8Start[index] | 0x20 else { return false }
      index += 1
    }
    return true
  }
}
