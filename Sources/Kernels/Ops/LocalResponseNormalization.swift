internal import Glibc
public import TensorTypes

/// `LOCAL_RESPONSE_NORMALIZATION`: each element of a `[batch, height, width, channels]` tensor divided by
/// `(bias + alpha * s) ^ beta`, where `s` is the sum of the squares of the channels from `radius` before to `radius` behind it. `float32`.
///
/// The sum slides along the channels: what is not finite in one of them reaches those behind it.
public struct LocalResponseNormalization: Operator {
  public static let definition = OperatorDefinition(.localResponseNormalization, versions: 1...1, options: 13)

  /// At least 0.
  package let radius: Int
  package let bias: Float
  package let alpha: Float
  package let beta: Float

  public init(options: OperatorOptions) throws(OperatorError) {
    radius = Int(try options.int32(0))
    bias = try options.float(1)
    alpha = try options.float(2)
    beta = try options.float(3)
    guard radius >= 0 else { throw .malformed("the radius is \(radius)") }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    let shape = try node.unaryShape()[0]
    let element = try node.input(0).element
    guard element == .float32 else { throw .unsupported("\(element) input; float32 is supported") }
    guard shape.rank == 4 else { throw .malformed("the input has rank \(shape.rank); 4 is needed") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let shape = try node.input(0).shape
    guard shape.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    let depth = shape[3]
    let radius = min(self.radius, depth)
    return Kernel { [bias, alpha, beta] io throws(OperatorError) in
      try io.parallel(shape.elementCount / depth, grain: max(1, 1024 / depth)) { rows in
        for row in rows {
          let x = io.input(0, as: Float.self, in: row * depth..<(row + 1) * depth)
          var y = io.output(0, as: Float.self, in: row * depth..<(row + 1) * depth)
          // Squares are taken in single precision and summed in double: subtracting one then leaves no error worth mentioning.
          var sum = 0.0
          for c in 0..<min(radius, depth) { sum += Double(x[c] * x[c] * alpha) }
          for c in x.indices {
            if c + radius < depth { sum += Double(x[c + radius] * x[c + radius] * alpha) }
            y[c] = bias + Float(sum)
            if c >= radius { sum -= Double(x[c - radius] * x[c - radius] * alpha) }
          }
          if beta == 1 {
            for c in x.indices { y[c] = x[c] / y[c] }
          } else if beta == 0.5 {
            for c in x.indices { y[c] = x[c] / y[c].squareRoot() }
          } else {
            for c in x.indices { y[c] = x[c] * powf(y[c], -beta) }
          }
        }
      }
    }
  }
}
