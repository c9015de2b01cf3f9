internal import TensorTypes

/// The vectors that StableHLO's gather and scatter read from a tensor of indices: one for each position of its other dimensions.
struct IndexVectors: Sendable {
  private let element: ElementType
  /// Elements behind the dimension of the vectors.
  private let inner: Int
  /// Components of a vector.
  let size: Int
  /// The dimensions other than that of the vectors.
  let batch: [Int]

  /// - Parameter dimension: along which the vectors lie; the tensor's rank when each element is a vector of one.
  init(_ type: TensorType, dimension: Int) throws(OperatorError) {
    guard type.element == .int32 || type.element == .int64 else {
      throw .unsupported("\(type.element) indices; int32 and int64 are supported")
    }
    let shape = type.shape
    guard dimension >= 0, dimension <= shape.rank else {
      throw .malformed("index_vector_dim is \(dimension); the indices are \(type)")
    }
    element = type.element
    var dimensions = shape.dimensions
    size = dimension == shape.rank ? 1 : dimensions.remove(at: dimension)
    inner = dimension == shape.rank ? 1 : shape.product(dimension + 1..<shape.rank)
    batch = dimensions
  }

  /// A component of the vector at a position of the other dimensions.
  @inline(__always)
  func component(_ io: Operands, _ input: Int, _ vector: Int, _ component: Int) -> Int {
    let (outer, rest) = vector.quotientAndRemainder(dividingBy: inner)
    return io.index(input, (outer &* size &+ component) &* inner &+ rest, element)
  }
}

extension OperatorOptions {
  /// A list of dimensions.
  func dimensions(_ slot: Int) throws(OperatorError) -> [Int] { try int64s(slot).map { Int($0) } }
}

/// Checks that dimensions differ and lie inside a rank.
func checkDimensions(_ dimensions: [Int], rank: Int, _ name: String) throws(OperatorError) {
  guard Set(dimensions).count == dimensions.count, dimensions.allSatisfy({ $0 >= 0 && $0 < rank }) else {
    throw .malformed("\(name) \(dimensions) are not distinct dimensions of rank \(rank)")
  }
}
