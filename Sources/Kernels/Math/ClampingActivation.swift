internal import Glibc
internal import TensorTypes

/// The operators that clamp to a fixed interval: `RELU`, `RELU6`, `RELU_N1_TO_1`, `RELU_0_TO_1`.
struct ClampingActivation {
  let minimum: Float
  let maximum: Float

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    let input = try node.input(0)
    let output = try node.output(0)
    guard input.element == output.element else {
      throw .malformed("input is \(input.element), output \(output.element); both must be the same")
    }
    return [input.shape]
  }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    switch type.element {
    case .float32:
      return Kernel { [minimum, maximum] io throws(OperatorError) in
        try io.parallel(io.input(0, as: Float.self).count, grain: 16384) { range in
          let x = io.input(0, as: Float.self, in: range)
          var y = io.output(0, as: Float.self, in: range)
          precondition(x.count == y.count)
          for i in x.indices {
            // Written so that NaN passes through.
            let low = x[i] < minimum ? minimum : x[i]
            y[i] = low > maximum ? maximum : low
          }
        }
      }
    default:
      throw .unsupported("\(type.element) input; float32 is supported")
    }
  }
}
