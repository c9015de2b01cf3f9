public import TensorTypes

/// `STABLEHLO_GATHER`: slices of one size, taken from input 0 at the places that input 1 (`int32` or `int64`) names. Places are moved so that
/// slices lie inside.
///
/// Elements of one to eight bytes; ranks up to 8.
public struct StablehloGather: Operator {
  public static let definition = OperatorDefinition(.stablehloGather, versions: 1...1, options2: 16)

  /// The result's dimensions along a slice; the others count slices.
  package let offsetDimensions: [Int]
  /// The slice's dimensions that the result leaves out.
  package let collapsedDimensions: [Int]
  /// The input's dimension that each component of an index belongs to.
  package let startIndexMap: [Int]
  package let indexVectorDimension: Int
  package let sliceSizes: [Int]

  public init(options: OperatorOptions) throws(OperatorError) {
    offsetDimensions = try options.dimensions(0)
    collapsedDimensions = try options.dimensions(1)
    startIndexMap = try options.dimensions(2)
    indexVectorDimension = Int(try options.int64(3))
    sliceSizes = try options.dimensions(4)
  }

  private struct Layout {
    let vectors: IndexVectors
    /// The input's dimensions that the result has too.
    let keptDimensions: [Int]
    /// The result's dimensions that count slices.
    let batchDimensions: [Int]
    let shape: Shape
  }

  private func layout(_ node: NodeContext) throws(OperatorError) -> Layout {
    let input = try node.input(0).shape
    let vectors = try IndexVectors(try node.input(1), dimension: indexVectorDimension)
    guard sliceSizes.count == input.rank else {
      throw .malformed("\(sliceSizes.count) slice sizes for an input of rank \(input.rank)")
    }
    try checkDimensions(collapsedDimensions, rank: input.rank, "collapsed_slice_dims")
    for (axis, size) in sliceSizes.enumerated() {
      guard size >= (collapsedDimensions.contains(axis) ? 1 : 0), size <= input[axis] else {
        throw .malformed("slices \(sliceSizes) of an input of shape \(input)")
      }
    }
    guard startIndexMap.count <= vectors.size, startIndexMap.allSatisfy({ $0 >= 0 && $0 < input.rank }) else {
      throw .malformed("start_index_map \(startIndexMap) for indices of \(vectors.size) and rank \(input.rank)")
    }
    let kept = (0..<input.rank).filter { !collapsedDimensions.contains($0) }
    let rank = vectors.batch.count + kept.count
    guard offsetDimensions.count == kept.count else {
      throw .malformed("\(offsetDimensions.count) offset_dims for slices with \(kept.count) dimensions")
    }
    try checkDimensions(offsetDimensions, rank: rank, "offset_dims")
    var dimensions = [Int](repeating: 0, count: rank)
    let offsets = offsetDimensions.sorted()
    let batches = (0..<rank).filter { !offsetDimensions.contains($0) }
    for (dimension, axis) in zip(offsets, kept) { dimensions[dimension] = sliceSizes[axis] }
    for (dimension, size) in zip(batches, vectors.batch) { dimensions[dimension] = size }
    guard let shape = Shape(dimensions) else { throw .malformed("the result's shape \(dimensions) is not valid") }
    return Layout(vectors: vectors, keptDimensions: kept, batchDimensions: batches, shape: shape)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectSameElement()
    let element = try node.input(0).element
    guard element.bitWidth >= 8, element.bitWidth <= 64 else {
      throw .unsupported("\(element) input; elements of one to eight bytes are supported")
    }
    let rank = try node.input(0).shape.rank
    guard rank <= 8 else { throw .unsupported("an input of rank \(rank); up to 8 is supported") }
    return [try layout(node).shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let layout = try layout(node)
    let output = layout.shape
    guard output.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    let strides = input.shape.strides
    let outputStrides = output.strides
    let offsets = offsetDimensions.sorted()
    let box = StridedBox(
      zip(layout.keptDimensions, offsets).map { (sliceSizes[$0], strides[$0], outputStrides[$1]) })
    let batches = layout.batchDimensions.map { (size: output[$0], stride: outputStrides[$0]) }
    let starts = startIndexMap.map { (last: input.shape[$0] - sliceSizes[$0], stride: strides[$0], axis: $0) }
    // Where two components name one dimension the later counts.
    let used = starts.indices.filter { index in !starts[(index + 1)...].contains { $0.axis == starts[index].axis } }
    let components = used.map { (component: $0, last: starts[$0].last, stride: starts[$0].stride) }
    let vectors = layout.vectors
    let count = batches.reduce(1) { $0 * $1.size }
    func kernel<T: BitwiseCopyable & Sendable>(_: T.Type) -> Kernel {
      Kernel { io throws(OperatorError) in
        try io.parallel(count, grain: max(1, 4096 / box.count)) { range in
          let x = io.input(0, as: T.self)
          var y = io.output(0, as: T.self)
          for vector in range {
            var source = 0
            for (component, last, stride) in components {
              source &+= min(max(vectors.component(io, 1, vector, component), 0), last) &* stride
            }
            var target = 0
            var rest = vector
            for index in batches.indices.reversed() {
              target &+= rest % batches[index].size &* batches[index].stride
              rest /= batches[index].size
            }
            box.forEachRow { from, to, run in
              for index in 0..<run.size {
                y[target &+ to &+ index &* run.target] = x[source &+ from &+ index &* run.source]
              }
            }
          }
        }
      }
    }
    switch input.element.bitWidth {
    case 8: return kernel(UInt8.self)
    case 16: return kernel(UInt16.self)
    case 32: return kernel(UInt32.self)
    default: return kernel(UInt64.self)
    }
  }
}
