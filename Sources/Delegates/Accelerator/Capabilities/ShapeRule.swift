/// How an operator's output dimensions follow from its inputs. The compiler checks this against what the model declares, after every dimension
/// that the model leaves open has become 1.
enum ShapeRule: Sendable, Hashable {
  /// The output's dimensions are the first input's.
  case same
  case broadcast
  case selection
  case broadcastTo
  /// As many elements in the output as in the first input.
  case elementCount
  case concatenation
  case convolution2D
  case depthwiseConvolution2D
  case convolution3D
  case transposedConvolution2D
  case fullyConnected
  case matrixProduct
  case pooling
  case reduction
  /// A reduction that works on four dimensions: of five the first two count as one.
  case maximum
  case topK
  case oneHot
  case transposition
  case unpacking
  /// `data` is the position of the tensor that is split.
  case split(data: Int)
  case tiling
  case padding
  case slice
  case stridedSlice
  case gathering
  case embedding
  case dynamicUpdateSlice
  case spaceToDepth
  case depthToSpace
  case batchToSpace
  case spaceToBatch
  /// A slope of no higher rank than the input.
  case slope
  /// The old Hexagon delegate's conditions.
  case legacyDepthwiseConvolution
  case legacyFullyConnected
  case legacyResizing
  case legacyMaximumPooling
}

extension ShapeRule {
  /// Why the declared dimensions do not fit; nil when they do.
  func refusal(_ node: OperatorSignature) -> String? {
    guard let input = node.given.first, let output = node.output else { return "operands are missing" }
    switch self {
    case .same: return expect(input.dimensions, output)
    case .broadcast: return broadcast(node.given, output)
    case .selection: return selection(node, output)
    case .broadcastTo: return broadcastTo(input, output)
    case .elementCount:
      return input.elementCount == output.elementCount
        ? nil : "\(input.elementCount) elements cannot become \(output.elementCount)"
    case .concatenation: return concatenation(node, output)
    case .convolution2D: return convolution2D(node, output, isDepthwise: false)
    case .depthwiseConvolution2D: return convolution2D(node, output, isDepthwise: true)
    case .convolution3D: return convolution3D(node)
    case .transposedConvolution2D: return transposedConvolution2D(node, output)
    case .fullyConnected: return fullyConnected(node, output)
    case .matrixProduct: return matrixProduct(node, output)
    case .pooling: return pooling(node, output)
    case .reduction: return reduction(node)
    case .maximum: return maximum(node, output)
    case .topK: return nil
    case .oneHot: return oneHot(node, output)
    case .transposition: return transposition(node, output)
    case .unpacking: return unpacking(node)
    case .split(let data): return split(node, data: data)
    case .tiling: return tiling(node, output)
    case .padding: return padding(node, output)
    case .slice: return slice(node)
    case .stridedSlice: return stridedSlice(node)
    case .gathering: return gathering(node, output)
    case .embedding: return nil
    case .dynamicUpdateSlice: return dynamicUpdateSlice(node, output)
    case .spaceToDepth: return nil
    case .depthToSpace: return nil
    case .batchToSpace: return batchToSpace(node, output)
    case .spaceToBatch: return spaceToBatch(node, output)
    case .slope: return slope(node)
    case .legacyDepthwiseConvolution: return legacyDepthwiseConvolution(node)
    case .legacyFullyConnected: return legacyFullyConnected(node)
    case .legacyResizing: return legacyResizing(output)
    case .legacyMaximumPooling: return legacyMaximumPooling(node)
    }
  }

  /// That an operand has these dimensions.
  func expect(_ dimensions: [Int], _ operand: OperandSignature) -> String? {
    operand.dimensions == dimensions
      ? nil : "the output's dimensions are declared \(operand.dimensions), and come out as \(dimensions)"
  }

  /// The dimensions that several broadcast to; nil when they do not. The larger dimension counts, so 0 with 1 gives 1, which differs from
  /// NumPy's rule.
  func broadcast(_ operands: [[Int]]) -> [Int]? {
    let rank = operands.map(\.count).max() ?? 0
    var result = [Int?](repeating: nil, count: rank)
    for dimensions in operands {
      for (position, dimension) in ([Int](repeating: 1, count: rank - dimensions.count) + dimensions).enumerated() {
        guard let known = result[position] else {
          result[position] = dimension
          continue
        }
        guard known == 1 || dimension == 1 || known == dimension else { return nil }
        result[position] = max(known, dimension)
      }
    }
    return result.map { $0 ?? 1 }
  }

  private func broadcast(_ inputs: [OperandSignature], _ output: OperandSignature) -> String? {
    guard let dimensions = broadcast(inputs.map(\.dimensions)) else {
      return "\(inputs.map { "\($0.dimensions)" }.joined(separator: " and ")) cannot be broadcast"
    }
    return expect(dimensions, output)
  }

  private func selection(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    broadcast(node.given, output)
  }

  private func broadcastTo(_ input: OperandSignature, _ output: OperandSignature) -> String? {
    // The lowering adds zeros of the output's dimensions where these are above the input's, else of 1.
    guard let dimensions = broadcast([input.dimensions, output.dimensions.map { max($0, 1) }]) else {
      return "\(input.dimensions) cannot be broadcast to \(output.dimensions)"
    }
    return expect(dimensions, output)
  }

  private func concatenation(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    var axis = node.option(0)
    if axis < 0 { axis += output.rank }
    guard output.dimensions.indices.contains(axis) else { return "the axis \(axis) is outside the output" }
    var total = 0
    for input in node.given {
      guard input.rank == output.rank else { return "inputs differ in rank" }
      total += input.dimensions[axis]
    }
    guard output.dimensions[axis] == total else {
      return "the output has \(output.dimensions[axis]) along axis \(axis), the inputs \(total)"
    }
    return nil
  }

  private func slope(_ node: OperatorSignature) -> String? {
    guard let input = node.input(0), let slope = node.input(1) else { return "operands are missing" }
    return slope.rank <= input.rank ? nil : "the slope has more dimensions than the input"
  }

  private func reduction(_ node: OperatorSignature) -> String? {
    guard let input = node.input(0), let axes = node.input(1)?.integers else { return "axes are missing" }
    for axis in axes where !(axis >= -input.rank && axis < input.rank) { return "axis \(axis) is outside the input" }
    return nil
  }

  private func maximum(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let input = node.input(0), let axes = node.input(1)?.integers, input.rank == 5 else { return nil }
    let reduced = Set(axes.map { $0 < 0 ? $0 + input.rank : $0 })
    let isFirstReduced = reduced.contains(0) || reduced.contains(1)
    let left = input.dimensions.indices.filter { $0 < 2 ? !isFirstReduced : !reduced.contains($0) }
    let count = left.reduce(1) { $0.multipliedReportingOverflow(by: input.dimensions[$1]).partialValue }
    return count == output.elementCount
      ? nil
      : "of five dimensions the first two count as one, which leaves \(count) elements, not \(output.elementCount)"
  }
}
