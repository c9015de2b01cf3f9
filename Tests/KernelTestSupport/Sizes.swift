import TensorTypes

/// Lengths and shapes that operators are tested with.
public enum Sizes {
  /// None, one, and around one and two vectors of 4, 8, 16 and 32 elements.
  public static let lengths = [0, 1, 3, 4, 5, 7, 8, 9, 11, 15, 16, 17, 19, 31, 32, 33, 35, 67]

  /// Three threads for a tensor with so many elements that a kernel may use them, else one: making threads takes longer than most tests.
  public static func threads(_ count: Int) -> Int { count > 5_000 ? 3 : 1 }

  /// Enough elements for an elementwise operator to use several threads.
  public static let long = 20_011

  /// Shapes of every rank from 0 to 8, with empty ones among them.
  public static let shapes: [[Int]] = [
    [], [1], [0], [17], [3, 5], [4, 0], [2, 1, 9], [2, 3, 4, 5], [0, 2, 0, 3], [2, 3, 1, 2, 4], [1, 2, 3, 1, 2, 3],
    [2, 1, 2, 1, 2, 1, 3], [1, 2, 1, 2, 2, 2, 1, 3], [2, 2, 2, 0, 2, 2, 2, 2],
  ]

  /// Pairs of shapes that broadcast: scalars, equal ones, rows, columns, both at once, up to rank 8, and empty.
  public static let broadcasts: [([Int], [Int])] = [
    // A short row that meets many others, more than are taken at once and more than one thread's share.
    ([2, 5, 7, 8], [2, 5, 1, 8]), ([2, 1, 8], [2, 90, 8]), ([3, 1, 9], [2, 3, 50, 9]), ([2, 3000, 6], [2, 1, 6]),
    // Outer products, and a number for each of many short rows.
    ([30, 19, 1], [30, 1, 7]), ([2, 31, 6], [2, 31, 1]), ([1, 70], [33, 1]),
    ([], []), ([0], [1]), ([1], [0]), ([1], [1]), ([3], []), ([], [5]), ([1], [8]), ([7], [7]), ([16], [16]),
    ([17], [17]), ([2, 35], [35]), ([35], [2, 35]), ([2, 35], [2, 1]), ([2, 1], [2, 35]), ([4, 1], [1, 9]),
    ([2, 3, 4, 5], [5]), ([2, 3, 4, 5], [3, 1, 1]), ([2, 1, 4, 1], [3, 1, 5]),
    ([2, 3, 1, 2, 1, 4], [1, 3, 2, 2, 3, 1]), ([1, 2, 1, 2, 1, 2, 1, 2], [2, 1, 2, 1, 2, 1, 2, 1]), ([2, 0, 3], [3]),
    ([2, 1, 3], [0, 1]),
  ]

  /// ``broadcasts``, equal shapes of all ``lengths``, and for `float32` and `bool` a pair long enough for several threads, which is slow to check.
  public static func broadcasts(_ element: ElementType) -> [([Int], [Int])] {
    broadcasts + lengths.map { ([$0], [$0]) } + (element == .float32 || element == .bool ? [([3, 6000], [6000])] : [])
  }

  /// Pairs of shapes that do not broadcast.
  public static let mismatches: [([Int], [Int])] = [
    ([2], [3]), ([2, 3], [2]), ([0], [2]), ([4, 1, 2], [3, 2, 2]), ([1, 2, 3], [3, 1, 2]),
  ]
}
