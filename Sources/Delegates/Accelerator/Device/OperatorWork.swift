internal import TensorTypes

/// What an operator asks of the processor.
struct OperatorWork {
  /// Multiplications with addition on the matrix unit, channels filled up to its tiles.
  var matrixProducts = 0.0
  /// Bytes that the vector units go over, weighted by how much is done with each.
  var vectorBytes = 0.0
  /// Bytes of constants, which come from main memory.
  var constantBytes = 0.0
  /// How many times slower the matrix unit is than with 8-bit integers.
  var matrixSlowdown = 1.0
}

extension OperatorWork {
  private static let tile = 32

  init(_ builtin: BuiltinOperator?, _ node: OperatorSignature) {
    for input in node.given where input.constant != nil { constantBytes += input.byteCount }
    let output = node.outputs.reduce(0.0) { $0 + Double($1.elementCount) }
    let outputBytes = node.outputs.reduce(0.0) { $0 + $1.byteCount }
    func dimension(_ input: Int, _ axis: Int) -> Double {
      guard let operand = node.input(input), operand.rank > 0 else { return 1 }
      let index = axis < 0 ? axis + operand.rank : axis
      return operand.dimensions.indices.contains(index) ? Double(operand.dimensions[index]) : 1
    }
    /// How much of the tiles that channels fill is used.
    func fill(_ channels: Double) -> Double {
      let tiles = (channels / Double(Self.tile)).rounded(.up)
      return channels > 0 ? tiles * Double(Self.tile) / channels : 1
    }
    switch builtin {
    case .conv2D, .conv3D:
      let filter = Double(node.input(1)?.elementCount ?? 0) / max(dimension(1, 0), 1)
      matrixProducts = output * filter * fill(dimension(1, 0)) * fill(dimension(1, -1))
    case .transposeConv:
      let pixels = Double(node.input(2)?.elementCount ?? 0) / max(dimension(2, -1), 1)
      matrixProducts =
        pixels * Double(node.input(1)?.elementCount ?? 0) * fill(dimension(1, 0)) * fill(dimension(1, -1))
    case .fullyConnected:
      matrixProducts = output * dimension(1, -1) * fill(dimension(1, 0)) * fill(dimension(1, -1))
    case .batchMatmul:
      matrixProducts = output * dimension(0, node.flag(0) ? -2 : -1) * fill(dimension(0, -1))
    case .depthwiseConv2D:
      vectorBytes = outputBytes * dimension(1, 1) * dimension(1, 2)
    case .averagePool2D, .maxPool2D:
      vectorBytes = outputBytes * Double(max(node.option(3), 1)) * Double(max(node.option(4), 1))
    default:
      let bytes = node.given.filter { $0.constant == nil }.reduce(outputBytes) { $0 + $1.byteCount }
      vectorBytes = bytes * Self.weight(builtin)
    }
    if let type = node.input(builtin == .transposeConv ? 2 : 0)?.type {
      switch type {
      case .f16, .f32: matrixSlowdown = 2
      case .i16q, .u16q: matrixSlowdown = 4
      default: matrixSlowdown = 1
      }
    }
  }

  /// How much is done with each byte, compared with an addition.
  private static func weight(_ builtin: BuiltinOperator?) -> Double {
    switch builtin {
    case .reshape, .squeeze: 0
    case .softmax, .logSoftmax, .gelu, .exp, .log, .sin, .cos, .pow, .tanh, .logistic, .elu, .rsqrt, .sqrt, .div: 8
    case .transpose, .gather, .gatherNd, .scatterNd, .resizeBilinear, .resizeNearestNeighbor: 4
    case .mean, .sum, .l2Normalization, .argMax, .argMin, .topkV2, .cumsum: 3
    default: 1
    }
  }
}

extension OperandSignature {
  /// Bytes on the accelerator, where floats have two.
  var byteCount: Double {
    let bits: Int =
      switch type {
      case .f32: 16
      default: max(elementType.bitWidth, 8)
      }
    return Double(elementCount) * Double(bits) / 8
  }
}
