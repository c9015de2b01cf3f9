/// The dimensions of a tensor, outermost first. An empty shape is a scalar.
///
/// Every dimension is at least 0 and at most `Int32.max`, and the number of elements fits in an `Int`: both were checked when the
/// shape was made, so arithmetic on a few dimensions of one shape cannot overflow.
public struct Shape: Sendable, Hashable {
  public let dimensions: [Int]
  /// The product of the dimensions; 1 for a scalar.
  public let elementCount: Int

  /// The shape of a scalar.
  public static let scalar = Shape(unchecked: [], elementCount: 1)

  /// A shape; nil when a dimension is negative or above `Int32.max`, or the number of elements would not fit in 62 bits.
  public init?(_ dimensions: [Int]) {
    var count = 1
    var isEmpty = false
    for dimension in dimensions {
      guard dimension >= 0, dimension <= Int(Int32.max) else { return nil }
      if dimension == 0 {
        isEmpty = true
        continue
      }
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard !overflow, product < 1 << 58 else { return nil }
      count = product
    }
    self.dimensions = dimensions
    elementCount = isEmpty ? 0 : count
  }

  private init(unchecked dimensions: [Int], elementCount: Int) {
    self.dimensions = dimensions
    self.elementCount = elementCount
  }

  public var rank: Int { dimensions.count }

  /// The dimension at `index`, counted from the end when negative. `index` must be inside the rank.
  public subscript(index: Int) -> Int { dimensions[index < 0 ? index + rank : index] }

  public var last: Int? { dimensions.last }

  /// The product of the dimensions in `range`, 1 when it is empty. Saturates: an outer product of a shape with a zero dimension may
  /// exceed what the shape holds.
  public func product(_ range: Range<Int>) -> Int {
    var result = 1
    for index in range {
      let (product, overflow) = result.multipliedReportingOverflow(by: dimensions[index])
      guard !overflow else { return Int.max }
      result = product
    }
    return result
  }

  /// An axis that may count from the end, as an index into the dimensions; nil when outside the rank.
  public func axis(_ axis: Int) -> Int? {
    let resolved = axis < 0 ? axis + rank : axis
    return resolved >= 0 && resolved < rank ? resolved : nil
  }

  /// The shape that two shapes broadcast to under NumPy's rule; nil when they do not.
  public func broadcast(with other: Shape) -> Shape? {
    let rank = max(self.rank, other.rank)
    var result = [Int](repeating: 1, count: rank)
    for index in 0..<rank {
      let a = index < rank - self.rank ? 1 : dimensions[index - (rank - self.rank)]
      let b = index < rank - other.rank ? 1 : other.dimensions[index - (rank - other.rank)]
      guard a == b || a == 1 || b == 1 else { return nil }
      result[index] = a == 1 ? b : a
    }
    return Shape(result)
  }
}

extension Shape: CustomStringConvertible {
  public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}
