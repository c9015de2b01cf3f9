/// How records are separated and what they hold.
package enum RecordFormat: String, Sendable, CaseIterable {
  /// One JSON document a line.
  case json
  /// The length of the record as 8 bytes, little-endian, then an `.npy` or `.npz` file of that length.
  case npz
}

/// Why a record has no result.
package struct RecordError: Error, Sendable, Hashable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
