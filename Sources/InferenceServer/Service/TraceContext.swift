/// Where a request stands in a distributed trace: the W3C header `traceparent`.
package struct TraceContext: Sendable, Hashable {
  /// 32 lower-case hexadecimal digits, not all 0.
  package let traceID: String
  /// 16 lower-case hexadecimal digits, not all 0.
  package let spanID: String
  package let isSampled: Bool

  /// Reads the header; nil when it is not as the recommendation says, in which case the trace begins anew.
  package init?(traceparent: String) {
    let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, Self.isHexadecimal(parts[0], 2), parts[0] != "ff", parts[0] != "00" || parts.count == 4,
      Self.isHexadecimal(parts[1], 32), Self.isHexadecimal(parts[2], 16), Self.isHexadecimal(parts[3], 2),
      parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }),
      let flags = UInt8(parts[3], radix: 16)
    else { return nil }
    traceID = String(parts[1])
    spanID = String(parts[2])
    isSampled = flags & 1 == 1
  }

  private init(traceID: String, spanID: String, isSampled: Bool) {
    self.traceID = traceID
    self.spanID = spanID
    self.isSampled = isSampled
  }

  /// The span of this server's work under the caller's.
  package func child() -> TraceContext {
    let identifier = UInt64.random(in: 1 ... .max)
    let digits = String(identifier, radix: 16)
    return TraceContext(
      traceID: traceID, spanID: String(repeating: "0", count: 16 - digits.utf8.count) + digits, isSampled: isSampled)
  }

  /// The header's value.
  package var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

  private static func isHexadecimal(_ text: Substring, _ count: Int) -> Bool {
    text.utf8.count == count
      && text.utf8.allSatisfy {
        ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "f"))
      }
  }
}
