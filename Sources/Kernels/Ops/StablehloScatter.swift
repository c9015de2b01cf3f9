public import TensorTypes

/// `STABLEHLO_SCATTER`: input 0 with the elements of input 2 put in at the places that input 1 (`int32` or `int64`) names. What falls outside
/// is dropped.
///
/// The subgraph that the options name decides how an element meets the one that is there: none of its own replaces it, and a single
/// `STABLEHLO_ADD`, `STABLEHLO_MULTIPLY`, `STABLEHLO_MAXIMUM` or `STABLEHLO_MINIMUM` combines both. Elements are put in in the order of
/// input 2. `bool`, integers of 8 to 64 bits, `float16`, `float32` or `float64`; ranks up to 8.
public struct StablehloScatter: Operator {
  public static let definition = OperatorDefinition(.stablehloScatter, versions: 1...1, options2: 7)

  /// The dimensions of input 2 along a window; the others count windows.
  package let updateWindowDimensions: [Int]
  /// The dimensions of input 0 that windows do not have.
  package let insertedWindowDimensions: [Int]
  /// The dimension of input 0 that each component of an index belongs to.
  package let scatterDimensions: [Int]
  package let indexVectorDimension: Int

  public init(options: OperatorOptions) throws(OperatorError) {
    updateWindowDimensions = try options.dimensions(1)
    insertedWindowDimensions = try options.dimensions(2)
    scatterDimensions = try options.dimensions(3)
    indexVectorDimension = Int(try options.int64(4))
  }

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3)
    try node.expectSameElement()
    try node.expectSameElement(2)
    let input = try node.input(0).shape
    guard input.rank <= 8 else { throw .unsupported("an input of rank \(input.rank); up to 8 is supported") }
    let vectors = try IndexVectors(try node.input(1), dimension: indexVectorDimension)
    let updates = try node.input(2).shape
    try checkDimensions(updateWindowDimensions, rank: updates.rank, "update_window_dims")
    try checkDimensions(insertedWindowDimensions, rank: input.rank, "inserted_window_dims")
    guard updateWindowDimensions.count + insertedWindowDimensions.count == input.rank else {
      throw .malformed(
        "\(updateWindowDimensions.count) update_window_dims and \(insertedWindowDimensions.count) inserted_window_dims for "
          + "rank \(input.rank)")
    }
    guard scatterDimensions.count <= vectors.size, scatterDimensions.allSatisfy({ $0 >= 0 && $0 < input.rank }) else {
      throw .malformed(
        "scatter_dims_to_operand_dims \(scatterDimensions) for indices of \(vectors.size) and rank \(input.rank)")
    }
    let windows = (0..<updates.rank).filter { !updateWindowDimensions.contains($0) }.map { updates[$0] }
    guard windows == vectors.batch else {
      throw .malformed("updates of shape \(updates) have windows \(windows), the indices \(vectors.batch)")
    }
    return [input]
  }

  /// How an element meets the one that is there.
  private enum Computation { case update, add, multiply, maximum, minimum }

  private static func computation(_ node: NodeContext) throws(OperatorError) -> Computation {
    guard let body = node.bodies.first else { throw .malformed("there is no subgraph that says what is computed") }
    guard body.count <= 1 else {
      throw .unsupported("a computation of \(body.count) operators; one or none is supported")
    }
    switch body.first {
    case nil: return .update
    case .builtin(.stablehloAdd): return .add
    case .builtin(.stablehloMultiply): return .multiply
    case .builtin(.stablehloMaximum): return .maximum
    case .builtin(.stablehloMinimum): return .minimum
    case .builtin(let other): throw unsupported(other.name)
    case .custom(let name): throw unsupported(name)
    }
  }

  private static func unsupported(_ name: String) -> OperatorError {
    .unsupported(
      "the computation \(name); STABLEHLO_ADD, STABLEHLO_MULTIPLY, STABLEHLO_MAXIMUM, STABLEHLO_MINIMUM or none is supported"
    )
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let walk = try walk(node)
    let element = try node.input(0).element
    switch try Self.computation(node) {
    case .update: return try Self.kernel(ReplacementCombination.self, element, walk)
    case .add: return try Self.kernel(SumCombination.self, element, walk)
    case .multiply: return try Self.kernel(ProductCombination.self, element, walk)
    case .maximum: return try Self.kernel(MaximumCombination.self, element, walk)
    case .minimum: return try Self.kernel(MinimumCombination.self, element, walk)
    }
  }

  /// Where the elements of the updates go.
  private struct Walk: Sendable {
    /// A dimension of the updates.
    struct Dimension: Sendable {
      let size: Int
      /// The dimension of input 0 that it runs along; nil for dimensions that count windows.
      let axis: Int?
    }
    let updates: [Dimension]
    /// Sizes and strides of input 0.
    let sizes: [Int]
    let strides: [Int]
    /// The dimension of input 0 of each component of an index.
    let scatterAxes: [Int]
    let vectors: IndexVectors
    let count: Int
  }

  private func walk(_ node: NodeContext) throws(OperatorError) -> Walk {
    let input = try node.input(0).shape
    let updates = try node.input(2).shape
    let windowAxes = (0..<input.rank).filter { !insertedWindowDimensions.contains($0) }
    let axes = Dictionary(uniqueKeysWithValues: zip(updateWindowDimensions, windowAxes))
    return Walk(
      updates: (0..<updates.rank).map { Walk.Dimension(size: updates[$0], axis: axes[$0]) },
      sizes: input.dimensions, strides: input.strides, scatterAxes: scatterDimensions,
      vectors: try IndexVectors(try node.input(1), dimension: indexVectorDimension),
      count: input.elementCount == 0 ? 0 : updates.elementCount)
  }

  private static func kernel<C: Combination>(
    _: C.Type, _ element: ElementType, _ walk: Walk
  ) throws(OperatorError) -> Kernel {
    switch element {
    case .int8: return kernel(IntegerCombination<C, Int8>(), walk)
    case .uint8: return kernel(IntegerCombination<C, UInt8>(), walk)
    case .int16: return kernel(IntegerCombination<C, Int16>(), walk)
    case .uint16: return kernel(IntegerCombination<C, UInt16>(), walk)
    case .int32: return kernel(IntegerCombination<C, Int32>(), walk)
    case .uint32: return kernel(IntegerCombination<C, UInt32>(), walk)
    case .int64: return kernel(IntegerCombination<C, Int64>(), walk)
    case .uint64: return kernel(IntegerCombination<C, UInt64>(), walk)
    case .bool: return kernel(TruthCombination<C>(), walk)
    case .float16: return kernel(RealCombination<C, Float16>(), walk)
    case .float32: return kernel(RealCombination<C, Float>(), walk)
    case .float64: return kernel(RealCombination<C, Double>(), walk)
    default:
      throw .unsupported(
        "\(element) input; bool, integers of 8 to 64 bits, float16, float32 and float64 are supported")
    }
  }

  private static func kernel<F: BinaryElementFunction>(_ function: F, _ walk: Walk) -> Kernel
  where F.Left == F.Right, F.Right == F.Output {
    Kernel { io throws(OperatorError) in
      if !io.isInPlace(input: 0) {
        let source = io.input(0, as: F.Left.self)
        var y = io.output(0, as: F.Output.self)
        precondition(source.count == y.count)
        for i in source.indices { y[i] = source[i] }
      }
      guard walk.count > 0 else { return }
      let row = walk.updates.last?.size ?? 1
      for start in 0..<walk.count / row {
        if start & 0xFFF == 0 { try io.context.checkStop() }
        apply(function, walk, io, start * row)
      }
    }
  }

  /// Puts in one row along the last dimension of the updates.
  private static func apply<F: BinaryElementFunction>(_ function: F, _ walk: Walk, _ io: Operands, _ start: Int)
  where F.Left == F.Right, F.Right == F.Output {
    let rank = walk.updates.count
    let row = walk.updates.last?.size ?? 1
    let inner = walk.updates.last?.axis
    // The window's number and the place inside it, without the last dimension.
    var window = 0
    var scale = 1
    var place = InlineArray<8, Int>(repeating: 0)
    var rest = start / row
    if rank > 0, inner == nil { scale = row }
    for index in stride(from: rank - 2, through: 0, by: -1) {
      let dimension = walk.updates[index]
      let coordinate = rest % dimension.size
      rest /= dimension.size
      if let axis = dimension.axis {
        place[axis] = coordinate
      } else {
        window += coordinate * scale
        scale *= dimension.size
      }
    }
    let updates = io.input(2, as: F.Right.self, in: start..<start + row)
    var y = io.output(0, as: F.Output.self)
    // Along a dimension that counts windows every element has an index of its own.
    for first in inner == nil ? 0..<row : 0..<1 {
      var begin = InlineArray<8, Int>(repeating: 0)
      for component in walk.scatterAxes.indices {
        begin[walk.scatterAxes[component]] = walk.vectors.component(io, 1, window + first, component)
      }
      var offset = 0
      var isInside = true
      for axis in walk.sizes.indices where axis != inner {
        let position = begin[axis] &+ place[axis]
        if position < 0 || position >= walk.sizes[axis] { isInside = false }
        offset &+= position &* walk.strides[axis]
      }
      if !isInside { continue }
      guard let inner else {
        y[offset] = function.apply(y[offset], updates[first])
        continue
      }
      let low = begin[inner]
      guard low < walk.sizes[inner], low > -row else { continue }
      let kept = max(0, 0 - low)..<min(row, walk.sizes[inner] - low)
      let step = walk.strides[inner]
      for index in kept {
        let target = offset &+ (low &+ index) &* step
        y[target] = function.apply(y[target], updates[index])
      }
    }
  }
}
