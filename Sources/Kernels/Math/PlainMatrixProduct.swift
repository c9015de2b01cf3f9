internal import TensorTypes

/// The sizes of a batch of matrix products `result[row][column] = sum over k of left[row][k] * right[k][column]`.
struct MatrixProductGeometry: Sendable, Hashable {
  let rows: Int
  let columns: Int
  let depth: Int
  /// Whether the left matrices are stored `[depth][rows]` instead of `[rows][depth]`.
  var leftIsTransposed = false
  /// Whether the right matrices are stored `[columns][depth]` instead of `[depth][columns]`.
  var rightIsTransposed = true
  var batches = BatchBroadcast()

  var resultElements: Int { batches.count * rows * columns }

  @inline(__always) var leftRowStride: Int { leftIsTransposed ? 1 : depth }
  @inline(__always) var leftDepthStride: Int { leftIsTransposed ? rows : 1 }
  @inline(__always) var rightColumnStride: Int { rightIsTransposed ? depth : 1 }
  @inline(__always) var rightDepthStride: Int { rightIsTransposed ? 1 : columns }
}

/// Which left and right matrix make each matrix of a result, when batch dimensions broadcast.
struct BatchBroadcast: Sendable, Hashable {
  /// Dimensions of the result's batch; at most three matter.
  private var extents = SIMD4<Int>(repeating: 1)
  private var left = SIMD4<Int>.zero
  private var right = SIMD4<Int>.zero
  /// Matrices of the result.
  private(set) var count = 1
  private(set) var leftCount = 1
  private(set) var rightCount = 1

  /// One matrix each.
  init() {}

  /// - Parameters: the batch dimensions of both operands, outermost first, at most four, of equal count, that broadcast.
  init(left leftDimensions: [Int], right rightDimensions: [Int]) {
    for (index, (a, b)) in zip(leftDimensions, rightDimensions).enumerated().reversed() {
      extents[index] = a == 1 ? b : a
      left[index] = a == 1 ? 0 : leftCount
      right[index] = b == 1 ? 0 : rightCount
      leftCount *= a
      rightCount *= b
      count *= extents[index]
    }
    for index in leftDimensions.count..<4 { extents[index] = 1 }
  }

  /// The matrices that result `batch` is made of.
  @inline(__always)
  func sources(_ batch: Int) -> (left: Int, right: Int) {
    var rest = batch
    var sources = (left: 0, right: 0)
    for index in stride(from: 3, through: 0, by: -1) {
      let coordinate = rest % extents[index]
      rest /= extents[index]
      sources.left += coordinate * left[index]
      sources.right += coordinate * right[index]
    }
    return sources
  }
}

/// Matrix products by direct loops, for every combination of types: what the faster kernels are compared with, and what runs where none of
/// them applies.
///
/// Operands: left 0, right 1 (the weights), bias 2 (one element per column, when there is one), output 0.
struct PlainMatrixProduct: Sendable {
  let geometry: MatrixProductGeometry
  let right: Weights
  let hasBias: Bool

  private var bias: Int? { hasBias ? 2 : nil }

  func float(_ range: ClosedRange<Float>) -> Kernel {
    Kernel { io throws(OperatorError) in
      try run(io, FloatTerm(), output: Float.self) { io, _, column, sum in
        clamp(bias.map { sum + io.input($0, as: Float.self)[column] } ?? sum, range)
      }
    }
  }

  /// Quantises each row of the left matrices while the model runs.
  ///
  /// - Parameters:
  ///   - scales: one weight scale per column, or one.
  ///   - asymmetric: how rows are quantised.
  func hybrid(scales: [Float], asymmetric: Bool, range: ClosedRange<Float>) -> Kernel {
    var rowMajor = self
    rowMajor.isLeftInScratch = true
    let product = rowMajor
    let rows = geometry.batches.leftCount * geometry.rows
    let elements = rows * geometry.depth
    let transposed = geometry.leftIsTransposed
    return Kernel(scratch: [elements, rows * 4, rows * 4, transposed ? elements * 4 : 0]) { io throws(OperatorError) in
      if transposed {
        try io.transposeMatrices(
          count: geometry.batches.leftCount, rows: geometry.depth, columns: geometry.rows, width: 4, from: 0,
          toScratch: 3)
      }
      try DynamicQuantization.quantizeRows(
        io, input: transposed ? nil : 0, scratch: 3, rows: rows, columns: geometry.depth, asymmetric: asymmetric)
      try product.run(io, HybridTerm(), output: Float.self) { io, row, column, sums in
        let zeroPoint = io.writtenScratch(2, as: Int32.self)[row]
        let scale = scales[scales.count == 1 ? 0 : column] * io.writtenScratch(1, as: Float.self)[row]
        let value = Float(sums.products &- zeroPoint &* sums.weights) * scale
        return clamp(bias.map { value + io.input($0, as: Float.self)[column] } ?? value, range)
      }
    }
  }

  /// The product of 8-bit operands with zero points, in 32 bits. `finish` makes the result of a sum with its bias.
  @inline(__always)
  func narrow<Element: FixedWidthInteger & BitwiseCopyable & Sendable, Output: BitwiseCopyable>(
    _: Element.Type, output: Output.Type, leftZeroPoint: Int32, rightZeroPoint: Int32,
    finish: @escaping @Sendable (_ sum: Int32, _ column: Int) -> Output
  ) -> Kernel {
    Kernel { io throws(OperatorError) in
      let term = NarrowTerm<Element>(leftZeroPoint: leftZeroPoint, rightZeroPoint: rightZeroPoint)
      try run(io, term, output: Output.self) { io, _, column, sum in
        finish(sum &+ io.bias(bias, column), column)
      }
    }
  }

  /// The product of `int16` with `int8` or `int16`. `finish` makes the result of a sum with its bias.
  ///
  /// - Parameters:
  ///   - sum: `Int64`, or `Int32` for sums that wrap in 32 bits.
  ///   - biasElement: the bias's element type.
  @inline(__always)
  func wide<Element: FixedWidthInteger & BitwiseCopyable & Sendable, Sum: FixedWidthInteger & Sendable>(
    _: Element.Type, sum: Sum.Type, rightZeroPoint: Sum, biasElement: ElementType?,
    finish: @escaping @Sendable (_ sum: Sum, _ column: Int) -> Int32
  ) -> Kernel {
    Kernel { io throws(OperatorError) in
      let term = WideTerm<Element, Sum>(rightZeroPoint: rightZeroPoint)
      try run(io, term, output: Int16.self) { io, _, column, sum in
        let offset = Sum(truncatingIfNeeded: io.wideBias(bias, biasElement, column))
        return Int16(truncatingIfNeeded: finish(sum &+ offset, column))
      }
    }
  }

  private var isLeftInScratch = false

  init(geometry: MatrixProductGeometry, right: Weights, hasBias: Bool) {
    self.geometry = geometry
    self.right = right
    self.hasBias = hasBias
  }

  @inline(__always)
  private func run<Term: ProductTerm, Output: BitwiseCopyable>(
    _ io: Operands, _ term: Term, output: Output.Type,
    finish: @Sendable (_ io: Operands, _ row: Int, _ column: Int, Term.Sum) -> Output
  ) throws(OperatorError) {
    let geometry = geometry
    let (rows, columns, depth) = (geometry.rows, geometry.columns, geometry.depth)
    let leftRowStride = isLeftInScratch ? depth : geometry.leftRowStride
    let leftDepthStride = isLeftInScratch ? 1 : geometry.leftDepthStride
    let total = geometry.resultElements
    try io.forEachTile(of: tileSize(of: total, operations: depth, picoseconds: 500), in: total) { elements in
      let x = isLeftInScratch ? io.writtenScratch(0, as: Term.Left.self) : io.input(0, as: Term.Left.self)
      right.withSpan(io, as: Term.Right.self) { w in
        var y = io.output(0, as: Output.self, in: elements)
        for element in elements {
          let column = element % columns
          let row = element / columns % rows
          let (leftMatrix, rightMatrix) = geometry.batches.sources(element / columns / rows)
          var sum = term.zero
          let first = leftMatrix * rows * depth + row * leftRowStride
          let weight = rightMatrix * columns * depth + column * geometry.rightColumnStride
          if leftDepthStride == 1, geometry.rightDepthStride == 1 {
            let xs = x.extracting(first..<first + depth)
            let ws = w.extracting(weight..<weight + depth)
            sum = term.add(sum, xs, ws)
          } else {
            for i in 0..<depth {
              sum = term.add(sum, x[first + i * leftDepthStride], w[weight + i * geometry.rightDepthStride])
            }
          }
          y[element - elements.lowerBound] = finish(io, leftMatrix * rows + row, column, sum)
        }
      }
    }
  }
}
