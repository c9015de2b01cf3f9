public import TensorTypes

/// The custom operator `NumericVerify`: how far a quantised tensor (input 0) is from real numbers (input 1, `float32`), element by element.
///
/// Input 0 is `int8`, `uint8` or `int16`, quantised per tensor or along one dimension, or `float16`; the output is `float32` of its shape.
///
/// Options (a FlexBuffer map): with `log_if_failed` and a `tolerance` of at least 0.1 the operator fails where the distance is above the
/// tolerance, counted in steps of the quantisation.
public struct NumericVerify: Operator {
  public static let definition = OperatorDefinition(custom: "NumericVerify")

  private let tolerance: Float
  private let fails: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    let map = try FlexBufferOptions(options)
    tolerance = try map.float("tolerance")
    fails = try map.bool("log_if_failed")
  }

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? { [.float32] }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectOutput(.float32)
    let input = try node.input(0)
    let reference = try node.input(1)
    guard [.int8, .uint8, .int16, .float16].contains(input.element), reference.element == .float32 else {
      throw .unsupported(
        "\(input.element) compared with \(reference.element); int8, uint8, int16 and float16 with float32 are supported"
      )
    }
    guard input.shape.elementCount == reference.shape.elementCount else {
      throw .malformed("\(input) compared with \(reference)")
    }
    if input.element != .float16 { _ = try Self.steps(input) }
    return [input.shape]
  }

  /// Scales and zero points, and how many elements in a row have the same.
  private static func steps(
    _ type: TensorType
  ) throws(OperatorError) -> (scales: [Float], zeroPoints: [Int], inner: Int) {
    switch type.quantization {
    case .perTensor(let scale, let zeroPoint): return ([scale], [zeroPoint], max(type.shape.elementCount, 1))
    case .perChannel(let scales, let zeroPoints, let axis):
      guard axis >= 0, axis < type.shape.rank, scales.count == type.shape[axis], zeroPoints.count == scales.count else {
        throw .malformed("\(scales.count) scales along dimension \(axis) of \(type)")
      }
      return (scales, zeroPoints, max(type.shape.product(axis + 1..<type.shape.rank), 1))
    case .none: throw .malformed("input 0 of type \(type.element) has no quantisation")
    case .blockwise: throw .unsupported("input 0 is quantised in blocks; per tensor or dimension is supported")
    }
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let count = input.shape.elementCount
    let limit: Float? = fails && Double(tolerance) >= 0.1 ? tolerance * (input.quantization.scale ?? 0) : nil
    guard input.element != .float16 else {
      return Kernel { io throws(OperatorError) in
        try io.parallel(count, grain: 16384) { range in
          let x = io.input(0, as: Float16.self, in: range)
          let reference = io.input(1, as: Float.self, in: range)
          var y = io.output(0, as: Float.self, in: range)
          for i in x.indices { y[i] = Float(x[i]) - reference[i] }
        }
        try Self.check(io, limit)
      }
    }
    let (scales, zeroPoints, inner) = try Self.steps(input)
    let element = input.element
    return Kernel { io throws(OperatorError) in
      try io.parallel(count, grain: 16384) { range in
        let reference = io.input(1, as: Float.self, in: range)
        var y = io.output(0, as: Float.self, in: range)
        for i in reference.indices {
          let place = range.lowerBound + i
          let value: Int
          switch element {
          case .int8: value = Int(io.input(0, as: Int8.self)[place])
          case .uint8: value = Int(io.input(0, as: UInt8.self)[place])
          default: value = Int(io.input(0, as: Int16.self)[place])
          }
          let channel = place / inner % scales.count
          y[i] = Float(Double(scales[channel]) * Double(value &- zeroPoints[channel])) - reference[i]
        }
      }
      try Self.check(io, limit)
    }
  }

  private static func check(_ io: Operands, _ limit: Float?) throws(OperatorError) {
    guard let limit else { return }
    let distances = io.output(0, as: Float.self)
    for i in distances.indices where abs(distances[i]) > limit {
      throw .invalidValue("element \(i) is \(distances[i]) away from its reference, above \(limit)")
    }
  }
}
