public import TensorTypes

/// `MATRIX_SET_DIAG`: a batch of matrices (input 0, `[..., rows, columns]`) with their diagonals replaced by input 1
/// (`[..., min(rows, columns)]`).
///
/// Both inputs and the output have one element type, any of whole bytes.
public struct MatrixSetDiag: Operator {
  public static let definition = OperatorDefinition(.matrixSetDiag, versions: 1...1, options: 90)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? {
    inputs.first.flatMap { $0 }.map { [$0.element] }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    let input = try node.input(0)
    let diagonal = try node.input(1)
    try node.expectWholeBytes(0)
    try node.expectOutput(input.element)
    guard diagonal.element == input.element else {
      throw .malformed("the matrices are \(input.element), the diagonals \(diagonal.element); both must be the same")
    }
    let rank = input.shape.rank
    guard rank >= 2 else { throw .malformed("the input must have at least two dimensions, not \(input.shape)") }
    let length = min(input.shape[-2], input.shape[-1])
    guard diagonal.shape.elementCount == Shape(input.shape.dimensions.dropLast(2) + [length])?.elementCount else {
      throw .malformed("the diagonals \(diagonal.shape) do not fit in matrices \(input.shape)")
    }
    return [input.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    guard input.shape.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    switch input.element.bitWidth {
    case 8: return kernel(UInt8.self, input.shape)
    case 16: return kernel(UInt16.self, input.shape)
    case 32: return kernel(UInt32.self, input.shape)
    case 64: return kernel(UInt64.self, input.shape)
    default: return kernel(SIMD2<UInt64>.self, input.shape)
    }
  }

  @inline(__always)
  private func kernel<T: BitwiseCopyable & Sendable>(_: T.Type, _ shape: Shape) -> Kernel {
    let (rows, columns) = (shape[-2], shape[-1])
    let length = min(rows, columns)
    return Kernel { io throws(OperatorError) in
      try io.parallel(shape.elementCount / columns, grain: max(1, 32768 / columns)) { range in
        let diagonals = io.input(1, as: T.self)
        for row in range {
          let x = io.input(0, as: T.self, in: row * columns..<(row + 1) * columns)
          var y = io.output(0, as: T.self, in: row * columns..<(row + 1) * columns)
          precondition(x.count == y.count)
          for i in x.indices { y[i] = x[i] }
          let place = row % rows
          if place < length { y[place] = diagonals[row / rows * length + place] }
        }
      }
    }
  }
}
