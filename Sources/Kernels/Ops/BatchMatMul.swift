public import TensorTypes

/// `BATCH_MATMUL`: matrix products of two operands whose last two dimensions are matrices and whose others broadcast.
///
/// Inputs: left `[..., rows, depth]` (`[..., depth, rows]` with `adj_x`) and right `[..., depth, columns]` (`[..., columns, depth]` with
/// `adj_y`), each of rank 2 to 5. Types: `float32`; `float32` with `int8` on the right, for which each left row is quantised while the model
/// runs; `int8` giving `int8` or `int32` (the sum of products without zero points); `int16` with `int16` or `int8`; with the same bits as
/// TFLite's reference kernels.
public struct BatchMatMul: Operator {
  public static let definition = OperatorDefinition(.batchMatmul, versions: 1...4, options: 101)

  /// Whether the left matrices are stored transposed.
  package let transposesLeft: Bool
  /// Whether the right matrices are stored transposed.
  package let transposesRight: Bool
  /// Whether float rows are quantised with a zero point.
  package let quantizesInputsAsymmetrically: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    transposesLeft = try options.bool(0)
    transposesRight = try options.bool(1)
    quantizesInputsAsymmetrically = try options.bool(2)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    let left = try node.input(0).shape
    let right = try node.input(1).shape
    let geometry = try geometry(left, right)
    _ = try arithmetic(node, columns: geometry.columns)
    let rank = max(left.rank, right.rank)
    var dimensions: [Int] = []
    for index in 0..<rank - 2 {
      let a = Self.batchDimension(left, index, of: rank)
      let b = Self.batchDimension(right, index, of: rank)
      dimensions.append(a == 1 ? b : a)
    }
    guard let shape = Shape(dimensions + [geometry.rows, geometry.columns]) else {
      throw .malformed("the output of \(left) and \(right) is too large")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let left = try node.input(0)
    let right = try node.input(1)
    let output = try node.output(0)
    guard output.shape.elementCount > 0 else { return Kernel { _ in } }
    var geometry = try geometry(left.shape, right.shape)
    if geometry.depth == 0, geometry.columns > 0 {
      // Every element is an empty sum, whatever the batch dimensions are.
      geometry = MatrixProductGeometry(
        rows: output.shape.elementCount / geometry.columns, columns: geometry.columns, depth: 0)
    }
    let plain = PlainMatrixProduct(geometry: geometry, right: try Weights(node, input: 1), hasBias: false)
    let arithmetic = try arithmetic(node, columns: geometry.columns)
    let shape = geometry
    func fast(_ left: Int?, _ right: Int?, _ result: IntegerResult) throws(OperatorError) -> Kernel? {
      try IntegerMatrixProduct(
        node, geometry: shape, arithmetic: arithmetic, zeroPoints: (left ?? 0, right ?? 0), result: result)?.kernel()
    }
    switch arithmetic {
    case .float:
      if let small = InPlaceMatrixProduct(node, geometry: geometry) { return small.kernel() }
      let fast = geometry.depth > 0 ? try FloatMatrixProduct(node, geometry: geometry) : nil
      return fast?.kernel() ?? plain.float(-Float.infinity...Float.infinity)
    case .hybrid:
      let scales = try scales(right, columns: geometry.columns).scales
      let range = -Float.infinity...Float.infinity
      let asymmetric = quantizesInputsAsymmetrically
      return try fast(0, 0, .float(scales: scales, asymmetric: asymmetric, perRow: true, range: range))
        ?? plain.hybrid(scales: scales, asymmetric: asymmetric, range: range)
    case .int8 where output.element == .int32:
      return try fast(0, 0, .sums)
        ?? plain.narrow(Int8.self, output: Int32.self, leftZeroPoint: 0, rightZeroPoint: 0) { sum, _ in sum }
    case .int8:
      let requantize = try requantization(left, right, output, geometry)
      return try fast(left.quantization.zeroPoint, right.quantization.zeroPoint, .fixedPoint(requantize))
        ?? plain.narrow(
          Int8.self, output: Int8.self, leftZeroPoint: Int32(clamping: left.quantization.zeroPoint ?? 0),
          rightZeroPoint: Int32(clamping: right.quantization.zeroPoint ?? 0)
        ) { Int8(truncatingIfNeeded: requantize($0, $1)) }
    case .int16:
      let requantize = try requantization(left, right, output, geometry)
      if let fast = try fast(0, 0, .fixedPoint(requantize)) { return fast }
      if right.element == .int16 {
        return plain.wide(Int16.self, sum: Int64.self, rightZeroPoint: 0, biasElement: nil) { requantize(wide: $0, $1) }
      }
      return plain.wide(Int8.self, sum: Int64.self, rightZeroPoint: 0, biasElement: nil) { requantize(wide: $0, $1) }
    case .uint8: throw .unsupported("uint8 operands; float32, int8 and int16 are supported")
    }
  }

  private static func batchDimension(_ shape: Shape, _ index: Int, of rank: Int) -> Int {
    let missing = rank - shape.rank
    return index < missing ? 1 : shape[index - missing]
  }

  /// Checks shapes.
  private func geometry(_ left: Shape, _ right: Shape) throws(OperatorError) -> MatrixProductGeometry {
    guard (2...5).contains(left.rank), (2...5).contains(right.rank) else {
      throw .unsupported("operands \(left) and \(right); ranks 2 to 5 are supported")
    }
    let rows = left[transposesLeft ? -1 : -2]
    let depth = left[transposesLeft ? -2 : -1]
    let columns = right[transposesRight ? -2 : -1]
    guard right[transposesRight ? -1 : -2] == depth else {
      throw .malformed("matrices of \(left) and \(right) do not fit together")
    }
    let rank = max(left.rank, right.rank)
    let leftBatch = (0..<rank - 2).map { Self.batchDimension(left, $0, of: rank) }
    let rightBatch = (0..<rank - 2).map { Self.batchDimension(right, $0, of: rank) }
    guard zip(leftBatch, rightBatch).allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 }) else {
      throw .malformed("the batch dimensions of \(left) and \(right) do not broadcast")
    }
    // An operand without elements may have dimensions whose product is too large to work with.
    guard left.elementCount > 0, right.elementCount > 0 else {
      return MatrixProductGeometry(
        rows: rows, columns: columns, depth: depth, leftIsTransposed: transposesLeft, rightIsTransposed: transposesRight
      )
    }
    return MatrixProductGeometry(
      rows: rows, columns: columns, depth: depth, leftIsTransposed: transposesLeft, rightIsTransposed: transposesRight,
      batches: BatchBroadcast(left: leftBatch, right: rightBatch))
  }

  /// Checks types and quantisation.
  private func arithmetic(_ node: NodeContext, columns: Int) throws(OperatorError) -> ProductArithmetic {
    let left = try node.input(0)
    let right = try node.input(1)
    let output = try node.output(0)
    switch (left.element, right.element, output.element) {
    case (.float32, .float32, .float32): return .float
    case (.float32, .int8, .float32):
      _ = try scales(right, columns: columns)
      return .hybrid
    case (.int8, .int8, .int32): return .int8
    case (.int8, .int8, .int8):
      try checkQuantization(left, right, output)
      return .int8
    case (.int16, .int16, .int16), (.int16, .int8, .int16):
      try checkQuantization(left, right, output)
      for type in [left, right, output] where type.quantization.zeroPoint != 0 {
        throw .malformed("the zero points of \(left.element) products must be 0")
      }
      return .int16(wide: true)
    default:
      throw .unsupported(
        "\(left.element) by \(right.element) giving \(output.element); float32, float32 by int8, int8 giving int8 or int32, and int16 by int16 or int8 are supported"
      )
    }
  }

  private func checkQuantization(
    _ left: TensorType, _ right: TensorType, _ output: TensorType
  ) throws(OperatorError) {
    guard case .perTensor = right.quantization else {
      throw .unsupported("a right operand without exactly one scale; one is supported for integer products")
    }
    guard let leftScale = left.quantization.scale, let rightScale = right.quantization.scale,
      output.quantization.scale != nil
    else { throw .malformed("integer operands and results must be quantised") }
    guard leftScale * rightScale >= 0 else { throw .malformed("the scales of the operands have different signs") }
  }

  private func requantization(
    _ left: TensorType, _ right: TensorType, _ output: TensorType, _ geometry: MatrixProductGeometry
  ) throws(OperatorError) -> Requantization {
    let scales = try WeightScales(right, channels: geometry.columns, axis: right.shape.rank - 1)
    return try Requantization(
      factors: [scales.legacyFactor(input: left, output: output)], output: output, activation: .none)
  }

  private func scales(_ right: TensorType, columns: Int) throws(OperatorError) -> WeightScales {
    var axis = right.shape.rank - (transposesRight ? 2 : 1)
    // The converter is not consistent in the dimension it names; one of the right size is what TFLite asks for.
    if case .perChannel(_, _, let named) = right.quantization, right.shape.axis(named) == named,
      right.shape[named] == columns
    {
      axis = named
    }
    return try WeightScales(right, channels: columns, axis: axis)
  }
}
