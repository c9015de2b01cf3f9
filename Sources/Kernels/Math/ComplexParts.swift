internal import TensorTypes

extension NodeContext {
  /// The output shape of an operator that computes a real number from each complex one: `float32` from `complex64`, `float64` from
  /// `complex128`.
  func realShapeOfComplex() throws(OperatorError) -> [Shape] {
    try expect(inputs: 1)
    switch try input(0).element {
    case .complex64: return try unaryShape(output: .float32)
    case .complex128: return try unaryShape(output: .float64)
    case let other: throw .unsupported("\(other) input; complex64 and complex128 are supported")
    }
  }
}
