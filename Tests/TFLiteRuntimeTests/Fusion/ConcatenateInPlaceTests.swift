import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// Convolutions that write into a concatenation give its bits.
@Suite struct ConcatenateInPlaceTests {
  private func convolution(
    _ sketch: inout GraphSketch, _ x: TensorID, channels: Int, filters: Int, size: Int, depthwise: Bool = false
  ) throws -> TensorID {
    let options = try OperatorOptions.table([1: .int32(1), 2: .int32(1)])
    let bias = try sketch.vector(filters, seed: 5)
    let shape = [2, 7, 9, filters]
    if depthwise {
      let filter = try sketch.constant(GraphSketch.values(filters * 9, seed: 4), [1, 3, 3, filters])
      return sketch.node(try DepthwiseConv2D(options: options), [x, filter, bias], shape)
    }
    let count = filters * size * size * channels
    let filter = try sketch.constant(GraphSketch.values(count, seed: 4), [filters, size, size, channels])
    return sketch.node(try Conv2D(options: options), [x, filter, bias], shape)
  }

  private func join(_ sketch: inout GraphSketch, _ parts: [TensorID], _ shape: [Int], axis: Int32 = -1) throws
    -> TensorID
  {
    sketch.node(try Concatenation(options: try .table([0: .int32(axis)])), parts, shape)
  }

  @Test(arguments: [1, 8, 17, 48], [3, 16, 33]) func everythingIsWritten(first: Int, second: Int) throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 7, 9, 16])
    let parts = [
      try convolution(&sketch, x, channels: 16, filters: first, size: 1),
      try convolution(&sketch, x, channels: 16, filters: second, size: 3),
      try convolution(&sketch, x, channels: 16, filters: 16, size: 3, depthwise: true),
    ]
    let joined = try join(&sketch, parts, [2, 7, 9, first + second + 16])
    sketch.graph.outputs = [sketch.node(Neg(options: .defaults), [joined], [2, 7, 9, first + second + 16])]
    try sketch.check(
      .concatenationInPlace, matches: 1,
      steps: [
        "CONV_2D in CONCATENATION", "CONV_2D in CONCATENATION", "DEPTHWISE_CONV_2D in CONCATENATION", "NEG",
      ])
  }

  /// What no convolution makes, or somebody else reads too, is copied.
  @Test func theRestIsCopied() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 7, 9, 4])
    let first = try convolution(&sketch, x, channels: 4, filters: 5, size: 3)
    let second = try convolution(&sketch, x, channels: 4, filters: 6, size: 1)
    let joined = try join(&sketch, [x, first, second], [2, 7, 9, 15])
    sketch.graph.outputs = [joined, second]
    try sketch.check(
      .concatenationInPlace, matches: 1,
      steps: ["CONV_2D in CONCATENATION", "CONV_2D", "CONCATENATION of the rest"])
  }

  /// A convolution of a concatenation that is itself joined to another, as in densely connected networks.
  @Test func concatenationsFollowOneAnother() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 7, 9, 4])
    let first = try convolution(&sketch, x, channels: 4, filters: 3, size: 3)
    let inner = try join(&sketch, [x, first], [2, 7, 9, 7])
    let second = try convolution(&sketch, inner, channels: 7, filters: 3, size: 3)
    sketch.graph.outputs = [try join(&sketch, [inner, second], [2, 7, 9, 10])]
    try sketch.check(
      .concatenationInPlace, matches: 2,
      steps: [
        "CONV_2D in CONCATENATION", "CONCATENATION of the rest", "CONV_2D in CONCATENATION",
        "CONCATENATION of the rest",
      ])
  }

  @Test func nearMisses() throws {
    // Along another axis.
    var sketch = GraphSketch()
    let x = sketch.input([2, 7, 9, 4])
    let first = try convolution(&sketch, x, channels: 4, filters: 4, size: 3)
    sketch.graph.outputs = [try join(&sketch, [first, x], [2, 7, 18, 4], axis: 2)]
    try sketch.check(.concatenationInPlace, matches: 0)
    // Nothing that a convolution alone makes.
    var other = GraphSketch()
    let y = other.input([2, 7, 9, 4])
    let second = try convolution(&other, y, channels: 4, filters: 4, size: 3)
    other.graph.outputs = [try join(&other, [second, second], [2, 7, 9, 8])]
    try other.check(.concatenationInPlace, matches: 0)
  }

  @Test(arguments: [true, false]) func quantized(sameQuantization: Bool) throws {
    var sketch = GraphSketch()
    func quantize(_ id: TensorID, _ scale: Float, _ zeroPoint: Int) {
      sketch.graph[id].type.quantization = .perTensor(scale: scale, zeroPoint: zeroPoint)
    }
    let x = sketch.input([1, 4, 4, 2])
    let quantized = sketch.node(Quantize(options: .defaults), [x], [1, 4, 4, 2], .uint8)
    quantize(quantized, 0.02, 128)
    let filter = try sketch.constant((0..<54).map { UInt8($0 * 37 % 100 + 70) }, [3, 3, 3, 2])
    quantize(filter, 0.01, 128)
    let bias = try sketch.constant([1, 2, 3] as [Int32])
    quantize(bias, 0.0002, 0)
    let product = sketch.node(
      try Conv2D(options: try .table([1: .int32(1), 2: .int32(1)])), [quantized, filter, bias], [1, 4, 4, 3], .uint8)
    quantize(product, sameQuantization ? 0.02 : 0.05, 128)
    let joined = sketch.node(
      try Concatenation(options: try .table([0: .int32(3)])), [product, quantized], [1, 4, 4, 5], .uint8)
    quantize(joined, 0.02, 128)
    sketch.graph.outputs = [sketch.node(Dequantize(options: .defaults), [joined], [1, 4, 4, 5])]
    try sketch.check(.concatenationInPlace, matches: sameQuantization ? 1 : 0)
  }
}
