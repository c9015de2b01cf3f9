internal import Glibc
public import TensorTypes

/// `ONE_HOT`: for each index (input 0, `int32` or `int64`) a row of `depth` (input 1) elements, `on` (input 2) at the index and `off`
/// (input 3) elsewhere; all `off` for an index outside the depth.
///
/// The row's axis is `axis`, -1 for the last. Elements of one to eight bytes.
public struct OneHot: Operator {
  public static let definition = OperatorDefinition(.oneHot, versions: 1...1, options: 61)

  package let axis: Int

  public init(options: OperatorOptions) throws(OperatorError) {
    axis = Int(try options.int32(0))
  }

  private func resolve(_ rank: Int) throws(OperatorError) -> Int {
    let resolved = axis == -1 ? rank : axis
    guard resolved >= 0, resolved <= rank else { throw .malformed("axis \(axis) is outside rank \(rank + 1)") }
    return resolved
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 4)
    try node.expectIndices(0)
    for index in 1...3 where try node.input(index).shape.elementCount != 1 {
      throw .malformed("input \(index) must be a scalar")
    }
    try node.expectSameElement(2)
    try node.expectSameElement(3)
    guard try node.input(1).element == .int32 else { throw .malformed("the depth must be int32") }
    let element = try node.output(0).element
    guard element.bitWidth >= 8, element.bitWidth <= 64 else {
      throw .unsupported("\(element) elements; elements of one to eight bytes are supported")
    }
    let depth = try node.integers(1)[0]
    var dimensions = try node.input(0).shape.dimensions
    dimensions.insert(depth, at: try resolve(dimensions.count))
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let indices = try node.input(0)
    let output = try node.output(0)
    let axis = try resolve(indices.shape.rank)
    switch output.element.bitWidth {
    case 8: return kernel(UInt8.self, indices, output.shape, axis)
    case 16: return kernel(UInt16.self, indices, output.shape, axis)
    case 32: return kernel(UInt32.self, indices, output.shape, axis)
    default: return kernel(UInt64.self, indices, output.shape, axis)
    }
  }

  private func kernel<T: BitwiseCopyable & Sendable>(
    _: T.Type, _ indices: TensorType, _ output: Shape, _ axis: Int
  ) -> Kernel {
    let depth = output[axis]
    guard output.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    let inner = output.product(axis + 1..<output.rank)
    return Kernel { io throws(OperatorError) in
      let on = io.input(2, as: T.self)[0]
      let off = io.input(3, as: T.self)[0]
      try io.parallel(indices.shape.elementCount / inner, grain: max(1, 16384 / (depth * inner))) { range in
        var result = io.output(
          0, as: T.self, in: range.lowerBound * depth * inner..<range.upperBound * depth * inner)
        for i in result.indices { result[i] = off }
        for slab in 0..<range.count {
          let start = (range.lowerBound &+ slab) &* inner
          for i in 0..<inner {
            let index = io.index(0, start &+ i, indices.element)
            if index >= 0, index < depth { result[(slab &* depth &+ index) &* inner &+ i] = on }
          }
        }
      }
    }
  }
}
