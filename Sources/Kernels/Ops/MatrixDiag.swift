public import TensorTypes

/// `MATRIX_DIAG`: for each row of length `n` along the last dimension an `n` by `n` matrix with the row as its diagonal, zero elsewhere.
///
/// The input `[..., n]` has at least one dimension; the output is `[..., n, n]` of the input's element type, which is any of whole bytes.
public struct MatrixDiag: Operator {
  public static let definition = OperatorDefinition(.matrixDiag, versions: 1...1, options: 88)

  public init(options: OperatorOptions) {}

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? {
    inputs.first.flatMap { $0 }.map { [$0.element] }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    let input = try node.input(0)
    try node.expectWholeBytes(0)
    try node.expectOutput(input.element)
    guard let size = input.shape.last else { throw .malformed("a scalar is no diagonal") }
    guard let shape = Shape(input.shape.dimensions + [size]) else {
      throw .malformed("matrices with the diagonals \(input.shape) are too large")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    guard input.shape.elementCount > 0, let size = input.shape.last else {
      return Kernel { _ throws(OperatorError) in }
    }
    let rows = input.shape.elementCount
    switch input.element.bitWidth {
    case 8: return kernel(UInt8.self, zero: 0, rows: rows, size: size)
    case 16: return kernel(UInt16.self, zero: 0, rows: rows, size: size)
    case 32: return kernel(UInt32.self, zero: 0, rows: rows, size: size)
    case 64: return kernel(UInt64.self, zero: 0, rows: rows, size: size)
    default: return kernel(SIMD2<UInt64>.self, zero: .zero, rows: rows, size: size)
    }
  }

  /// - Parameter rows: rows of all matrices.
  @inline(__always)
  private func kernel<T: BitwiseCopyable & Sendable>(_: T.Type, zero: T, rows: Int, size: Int) -> Kernel {
    Kernel { io throws(OperatorError) in
      try io.parallel(rows, grain: max(1, 32768 / size)) { range in
        let x = io.input(0, as: T.self, in: range)
        for row in range {
          var y = io.output(0, as: T.self, in: row * size..<(row + 1) * size)
          for i in y.indices { y[i] = zero }
          y[row % size] = x[row - range.lowerBound]
        }
      }
    }
  }
}
