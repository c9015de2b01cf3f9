/// What is wrong with a list of buffers. Indices count the buffers in the order in which they were given.
public enum PlanningError: Error, Sendable, Hashable {
  /// The size is negative.
  case negativeSize(buffer: Int)
  /// The alignment is not a power of two.
  case invalidAlignment(buffer: Int)
  /// The first use comes after the last.
  case reversedLifetime(buffer: Int)
  /// The fixed offset is negative or not a multiple of the alignment.
  case invalidFixedOffset(buffer: Int)
  /// Two buffers with fixed offsets are live at the same time and overlap.
  case overlappingFixedOffsets(first: Int, second: Int)
  /// The sizes, rounded to the alignments, do not sum to an `Int`.
  case sizeOverflow(buffer: Int)
}

extension PlanningError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .negativeSize(let buffer): "arena buffer \(buffer): the size is negative"
    case .invalidAlignment(let buffer): "arena buffer \(buffer): the alignment is not a power of two"
    case .reversedLifetime(let buffer): "arena buffer \(buffer): the first use comes after the last"
    case .invalidFixedOffset(let buffer): "arena buffer \(buffer): the fixed offset is negative or misaligned"
    case .overlappingFixedOffsets(let first, let second):
      "arena buffers \(first) and \(second): the fixed offsets overlap while both are live"
    case .sizeOverflow(let buffer): "arena buffer \(buffer): the sum of all sizes up to here is too large"
    }
  }
}
