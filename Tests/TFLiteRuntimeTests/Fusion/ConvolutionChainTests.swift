import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// Inverted bottlenecks computed some lines at a time give the bits of the operators one after the other.
@Suite struct ConvolutionChainTests {
  /// A bottleneck whose inner image is too large for a cache.
  private struct Bottleneck {
    var sketch = GraphSketch()
    let image: TensorID
    let size = 56
    let channels = 16
    let inner = 80

    init() { image = sketch.input([1, 56, 56, 16]) }

    mutating func pointwise(_ x: TensorID, from: Int, to: Int) throws -> TensorID {
      let filter = try sketch.constant(GraphSketch.values(to * from, seed: 4), [to, 1, 1, from])
      return sketch.node(
        try Conv2D(options: .table([1: .int32(1), 2: .int32(1)])), [x, filter, try sketch.vector(to, seed: 5)],
        [1, size, size, to])
    }

    mutating func depthwise(_ x: TensorID) throws -> TensorID {
      let filter = try sketch.constant(GraphSketch.values(9 * inner, seed: 6), [1, 3, 3, inner])
      return sketch.node(
        try DepthwiseConv2D(options: .table([1: .int32(1), 2: .int32(1), 3: .int32(1)])),
        [x, filter, try sketch.vector(inner, seed: 7)], [1, size, size, inner])
    }

    mutating func activated(_ x: TensorID, _ width: Int) throws -> TensorID {
      sketch.node(try Gelu(options: .defaults), [x], [1, size, size, width])
    }
  }

  @Test func convolutionsAlone() throws {
    var block = Bottleneck()
    let expanded = try block.pointwise(block.image, from: block.channels, to: block.inner)
    let filtered = try block.depthwise(expanded)
    block.sketch.graph.outputs = [try block.pointwise(filtered, from: block.inner, to: block.channels)]
    try block.sketch.check(
      .convolutionChain, matches: 1, steps: ["CONV_2D + DEPTHWISE_CONV_2D + CONV_2D"])
  }

  @Test func activationsAndResidual() throws {
    var block = Bottleneck()
    let shape = [1, block.size, block.size, block.channels]
    let expanded = try block.activated(
      block.pointwise(block.image, from: block.channels, to: block.inner), block.inner)
    let filtered = try block.activated(block.depthwise(expanded), block.inner)
    let projected = try block.pointwise(filtered, from: block.inner, to: block.channels)
    let scaled = try block.sketch.mul(projected, try block.sketch.vector(block.channels, seed: 8), shape)
    block.sketch.graph.outputs = [try block.sketch.add(block.image, scaled, shape)]
    try block.sketch.check(
      .convolutionChain, matches: 1,
      steps: ["CONV_2D + GELU + DEPTHWISE_CONV_2D + GELU + CONV_2D + MUL + ADD"])
  }

  /// An operand that is not the image's own has no lines between convolutions.
  @Test func operandsBetweenConvolutionsStay() throws {
    var block = Bottleneck()
    let expanded = try block.pointwise(block.image, from: block.channels, to: block.inner)
    let other = block.sketch.input([1, block.size, block.size, block.inner])
    let sum = try block.sketch.add(expanded, other, [1, block.size, block.size, block.inner])
    let filtered = try block.depthwise(sum)
    block.sketch.graph.outputs = [try block.pointwise(filtered, from: block.inner, to: block.channels)]
    try block.sketch.check(
      .convolutionChain, matches: 1, steps: ["CONV_2D + ADD", "DEPTHWISE_CONV_2D + CONV_2D"])
  }

  /// What somebody else reads is computed as a whole.
  @Test func nearMisses() throws {
    var block = Bottleneck()
    let filtered = try block.depthwise(
      block.pointwise(block.image, from: block.channels, to: block.inner))
    let projected = try block.pointwise(filtered, from: block.inner, to: block.channels)
    block.sketch.graph.outputs = [projected, filtered]
    try block.sketch.check(
      .convolutionChain, matches: 1, steps: ["CONV_2D + DEPTHWISE_CONV_2D", "CONV_2D"])
  }
}
