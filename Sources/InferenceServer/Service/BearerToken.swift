/// The secret that clients must show, as `Authorization: Bearer SECRET`.
package struct BearerToken: Sendable {
  private let secret: [UInt8]

  /// nil when there are not at least 8 characters, none of them white space.
  package init?(_ secret: String) {
    let bytes = Array(secret.utf8)
    guard bytes.count >= 8, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    self.secret = bytes
  }

  /// Whether a header's value shows the secret. How long this takes does not tell where they differ.
  package func matches(_ header: String?) -> Bool {
    guard let header else { return false }
    let value = Array(header.utf8)
    let scheme = Array("bearer ".utf8)
    guard value.count > scheme.count, zip(value, scheme).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else { return false }
    let given = value[scheme.count...]
    var difference = given.count == secret.count ? UInt8(0) : 1
    for (index, byte) in given.enumerated() { difference |= byte ^ secret[index % secret.count] }
    return difference == 0
  }
}

extension BearerToken: CustomStringConvertible, CustomReflectable {
  /// Never the secret: options are logged.
  package var description: String { "BearerToken" }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}
