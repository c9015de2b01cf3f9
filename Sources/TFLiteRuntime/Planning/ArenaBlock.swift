/// A piece of an interpreter's arena: where it lies, and while which operators it is in use.
public struct ArenaBlock: Sendable, Hashable {
  /// The part of the graph that was planned together, counted from 0; each has an arena of its own.
  public let segment: Int
  /// Bytes from the arena's start.
  public let offset: Int
  public let byteCount: Int
  /// The time at which it is first in use. Time counts the segment's operators in the order in which they run, from 1; 0 is before the first.
  public let firstUse: Int
  /// The last time at which it is in use; one more than there are operators is after the last.
  public let lastUse: Int
  /// The tensors that are kept there, by their index in the subgraph; several where operators work in place, none for scratch memory.
  public let tensors: [Int]
}
