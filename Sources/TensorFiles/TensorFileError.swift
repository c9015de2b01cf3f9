/// Why a tensor file, an archive or an output file could not be read or written.
///
/// Names and messages may come from a hostile file: ``description`` escapes control characters, so it is safe to print.
package struct TensorFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of failure this is.
  package enum Reason: Hashable, Sendable {
    /// The operating system refused: the `errno` of the failed call.
    case system(Int32)
    /// The bytes are not what their format requires.
    case malformed
    /// The bytes disagree with their CRC-32.
    case checksum
    /// The format is known, and this part of it is not read or written here.
    case unsupported
    /// Reading on would need more memory than a limit of ``TensorFileLimits`` allows.
    case limit
    /// The archive has no entry of the name that was asked for.
    case missingEntry
    /// The caller's values do not make an array: the count and the shape differ, a name is used twice.
    case invalidArgument
  }

  /// The path of the file, or the name that the caller gave to the bytes.
  package var file: String
  /// The entry of the archive at fault, as it is stored (`x.npy`); nil for the file as a whole.
  package var entry: String?
  package var reason: Reason
  /// What is wrong, as a phrase without a full stop.
  package var message: String

  package init(file: String, entry: String? = nil, reason: Reason, message: String) {
    self.file = file
    self.entry = entry
    self.reason = reason
    self.message = message
  }

  /// One line: file, entry and what is wrong.
  package var description: String {
    var text = printable(file)
    if let entry {
      text += ": entry '\(printable(entry))'"
    }
    return text + ": " + printable(message)
  }
}

/// The text with control characters escaped, cut after 200 characters.
private func printable(_ text: String) -> String {
  var result = ""
  for (count, scalar) in text.unicodeScalars.enumerated() {
    if count == 200 {
      return result + "…"
    }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      result += scalar.escaped(asASCII: true)
    default:
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}
