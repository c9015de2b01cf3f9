public import TensorTypes

/// `BUCKETIZE`: for each element the number of boundaries that are not above it; NaN comes behind all of them.
///
/// Any shape; `float32`, `float64`, `int32` or `int64`, the output is `int32`. The boundaries are an option and must ascend. Integers are
/// compared as `float32`.
public struct Bucketize: Operator {
  public static let definition = OperatorDefinition(.bucketize, versions: 1...1, options: 115)

  package let boundaries: [Float]

  public init(options: OperatorOptions) throws(OperatorError) {
    boundaries = try options.floats(0)
    for (left, right) in zip(boundaries, boundaries.dropFirst()) where right < left {
      throw .malformed("the boundaries do not ascend: \(left) comes before \(right)")
    }
  }

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? { [.int32] }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try node.unaryShape(output: .int32) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    let count = type.shape.elementCount
    let grain = 1024
    switch type.element {
    case .float32: return FloatSearch(boundaries: boundaries).kernel(count: count, grain: grain)
    case .float64: return DoubleSearch(boundaries: boundaries).kernel(count: count, grain: grain)
    case .int32: return IntegerSearch<Int32>(boundaries: boundaries).kernel(count: count, grain: grain)
    case .int64: return IntegerSearch<Int64>(boundaries: boundaries).kernel(count: count, grain: grain)
    case let other: throw .unsupported("\(other) input; float32, float64, int32 and int64 are supported")
    }
  }

  /// The number of leading boundaries for which `isAbove` is false, by halving.
  @inline(__always)
  private static func search(_ boundaries: [Float], isAbove: (Float) -> Bool) -> Int32 {
    var first = 0
    var length = boundaries.count
    while length > 0 {
      let half = length / 2
      if isAbove(boundaries[first + half]) {
        length = half
      } else {
        first += half + 1
        length -= half + 1
      }
    }
    return Int32(clamping: first)
  }

  private struct FloatSearch: UnaryElementFunction {
    let boundaries: [Float]
    @inline(__always) func apply(_ x: Float) -> Int32 { Bucketize.search(boundaries) { x < $0 } }
  }

  private struct DoubleSearch: UnaryElementFunction {
    let boundaries: [Float]
    @inline(__always) func apply(_ x: Double) -> Int32 { Bucketize.search(boundaries) { x < Double($0) } }
  }

  private struct IntegerSearch<T: FixedWidthInteger & BitwiseCopyable & Sendable>: UnaryElementFunction {
    let boundaries: [Float]
    @inline(__always) func apply(_ x: T) -> Int32 {
      let value = Float(x)
      return Bucketize.search(boundaries) { value < $0 }
    }
  }
}
