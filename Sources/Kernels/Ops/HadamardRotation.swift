public import TensorTypes

/// The custom operator `aeq.hadamard_rotation`: blocks of elements are multiplied with a normalised Hadamard matrix.
///
/// The input is `float32[rows, features]` or `[batch, rows, features]` (or `int32` that holds the bits of floats), the output the same. Blocks
/// follow each other from the first element on, as many as fit in a row for each row; the rest stays unchanged.
///
/// Options (a FlexBuffer map): `hadamard_size`, the length of a block, a power of two.
public struct HadamardRotation: Operator {
  public static let definition = OperatorDefinition(custom: "aeq.hadamard_rotation")

  private let size: Int

  public init(options: OperatorOptions) throws(OperatorError) {
    size = Int(try FlexBufferOptions(options).int32("hadamard_size"))
    guard size > 0, size & (size - 1) == 0 else { throw .malformed("hadamard_size \(size) is not a power of two") }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    try node.expectSameElement()
    let input = try node.input(0)
    guard input.element == .float32 || input.element == .int32 else {
      throw .unsupported("\(input.element) input; float32 is supported")
    }
    guard input.shape.rank == 2 || input.shape.rank == 3 else {
      throw .malformed("the input must have two or three dimensions, not \(input.shape)")
    }
    return [input.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let shape = try node.input(0).shape
    let size = size
    guard shape.elementCount > 0, let features = shape.last else { return Kernel { _ throws(OperatorError) in } }
    let blocks = shape.elementCount / features * (features / size)
    let factor = Float(1 / Double(size).squareRoot())
    return Kernel { io throws(OperatorError) in
      let rest = blocks * size..<shape.elementCount
      let x = io.input(0, as: Float.self, in: rest)
      var y = io.output(0, as: Float.self, in: rest)
      for i in x.indices { y[i] = x[i] }
      try io.parallel(blocks, grain: max(1, 4096 / size)) { range in
        for block in range {
          let x = io.input(0, as: Float.self, in: block * size..<(block + 1) * size)
          var y = io.output(0, as: Float.self, in: block * size..<(block + 1) * size)
          for i in x.indices { y[i] = x[i] }
          Self.transform(&y)
          for i in y.indices { y[i] *= factor }
        }
      }
    }
  }

  /// Adds and subtracts elements that are 1, 2, 4, … apart.
  private static func transform(_ values: inout MutableSpan<Float>) {
    var distance = 1
    while distance < values.count {
      for start in stride(from: 0, to: values.count, by: 2 * distance) {
        for i in start..<start + distance {
          let (a, b) = (values[i], values[i + distance])
          values[i] = a + b
          values[i + distance] = a - b
        }
      }
      distance *= 2
    }
  }
}
