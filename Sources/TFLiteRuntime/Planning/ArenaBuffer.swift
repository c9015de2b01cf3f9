/// One block of memory that an arena has to hold for a while.
///
/// Time is a sequence of steps numbered by the caller, usually positions in the execution order; any range of `Int` will do. The buffer
/// is live from `firstUse` to `lastUse`, both included, so two buffers may share memory only if one's last use lies strictly before the
/// other's first.
public struct ArenaBuffer: Sendable, Hashable {
  /// Bytes needed, zero or more.
  public var size: Int
  /// The offset is a multiple of this, a power of two from 1.
  public var alignment: Int
  /// First step at which the buffer is live.
  public var firstUse: Int
  /// Last step at which the buffer is live, at least `firstUse`.
  public var lastUse: Int
  /// An offset decided elsewhere (an offline plan, say) that the planner has to keep, or `nil`.
  public var fixedOffset: Int?

  public init(size: Int, alignment: Int = 64, firstUse: Int, lastUse: Int, fixedOffset: Int? = nil) {
    self.size = size
    self.alignment = alignment
    self.firstUse = firstUse
    self.lastUse = lastUse
    self.fixedOffset = fixedOffset
  }
}
