/// Where every buffer of an arena lives, and how good that is.
///
/// A buffer occupies its size rounded up to its alignment, or its bare size where its offset is fixed. `bytes` and `lowerBound` count in these rounded sizes.
public struct ArenaPlan: Sendable, Hashable {
  /// Offset in bytes of each buffer, in the order in which the buffers were given.
  public var offsets: [Int]
  /// Bytes that the arena needs: the highest end of a buffer.
  public var bytes: Int
  /// No plan needs fewer bytes than this. At least the largest number of bytes that are live at one step; higher where an exhausted
  /// search proved more.
  public var lowerBound: Int

  public init(offsets: [Int], bytes: Int, lowerBound: Int) {
    self.offsets = offsets
    self.bytes = bytes
    self.lowerBound = lowerBound
  }

  /// Whether no plan can be smaller.
  public var isProvenOptimal: Bool { bytes == lowerBound }

  /// How far `bytes` lies above `lowerBound`, as a fraction of `lowerBound`: 0 for an optimal plan, 0.25 for a quarter too much.
  public var gap: Double {
    lowerBound == 0 ? 0 : Double(bytes - lowerBound) / Double(lowerBound)
  }
}
