import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// Products with what follows them give the bits of the operators one after the other.
@Suite struct ProductEpilogueTests {
  private func followed(_ sketch: inout GraphSketch, _ product: TensorID, _ shape: [Int]) throws {
    let width = shape.last ?? 1
    var y = sketch.node(try Gelu(options: .defaults), [product], shape)
    y = try sketch.mul(y, try sketch.vector(width, seed: 8), shape)
    y = try sketch.add(sketch.input(shape), y, shape)
    sketch.graph.outputs = [y]
  }

  @Test(arguments: [1, 3, 13, 40], [1, 8, 33, 70]) func fullyConnected(rows: Int, units: Int) throws {
    for hasBias in [false, true] {
      var sketch = GraphSketch()
      let x = sketch.input([rows, 19])
      let weights = try sketch.constant(GraphSketch.values(units * 19, seed: 4), [units, 19])
      let bias = hasBias ? try sketch.vector(units, seed: 5) : nil
      let product = sketch.node(try FullyConnected(options: .defaults), [x, weights, bias], [rows, units])
      try followed(&sketch, product, [rows, units])
      try sketch.check(.productEpilogue, matches: 3, steps: ["FULLY_CONNECTED + GELU + MUL + ADD"])
    }
  }

  @Test(arguments: [1, 3, 16], [1, 9, 40]) func convolutions(channels: Int, filters: Int) throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 5, 6, channels])
    let filter = try sketch.constant(GraphSketch.values(filters * 9 * channels, seed: 4), [filters, 3, 3, channels])
    let options = try OperatorOptions.table([1: .int32(1), 2: .int32(1)])
    let product = sketch.node(
      try Conv2D(options: options), [x, filter, try sketch.vector(filters, seed: 5)], [2, 5, 6, filters])
    try followed(&sketch, product, [2, 5, 6, filters])
    try sketch.check(.productEpilogue, matches: 3, steps: ["CONV_2D + GELU + MUL + ADD"])

    var depthwise = GraphSketch()
    let z = depthwise.input([2, 5, 6, filters])
    let taps = try depthwise.constant(GraphSketch.values(filters * 9, seed: 4), [1, 3, 3, filters])
    let result = depthwise.node(
      try DepthwiseConv2D(options: options), [z, taps, try depthwise.vector(filters, seed: 5)], [2, 5, 6, filters])
    try followed(&depthwise, result, [2, 5, 6, filters])
    try depthwise.check(.productEpilogue, matches: 3, steps: ["DEPTHWISE_CONV_2D + GELU + MUL + ADD"])
  }

  /// Attention scores: scale and mask, which is broadcast over the heads.
  @Test func batches() throws {
    var sketch = GraphSketch()
    let left = sketch.input([3, 7, 5]), right = sketch.input([3, 5, 9])
    let product = sketch.node(try BatchMatMul(options: .defaults), [left, right], [3, 7, 9])
    let scaled = try sketch.mul(product, try sketch.scalar(0.25), [3, 7, 9])
    sketch.graph.outputs = [try sketch.add(scaled, sketch.input([1, 1, 7, 9]), [1, 3, 7, 9])]
    try sketch.check(.productEpilogue, matches: 2, steps: ["BATCH_MATMUL + MUL + ADD"])
  }

  @Test func siluAfterProduct() throws {
    var sketch = GraphSketch()
    let x = sketch.input([6, 10])
    let weights = try sketch.constant(GraphSketch.values(120, seed: 4), [12, 10])
    let product = sketch.node(try FullyConnected(options: .defaults), [x, weights, nil], [6, 12])
    let gate = sketch.node(Logistic(options: .defaults), [product], [6, 12])
    sketch.graph.outputs = [try sketch.mul(product, gate, [6, 12])]
    try sketch.check(.productEpilogue, matches: 1, steps: ["FULLY_CONNECTED + SILU"])
  }

  @Test func nearMisses() throws {
    for isOutput in [false, true] {
      var sketch = GraphSketch()
      let x = sketch.input([6, 10])
      let weights = try sketch.constant(GraphSketch.values(120, seed: 4), [12, 10])
      let product = sketch.node(try FullyConnected(options: .defaults), [x, weights, nil], [6, 12])
      let y = sketch.node(Tanh(options: .defaults), [product], [6, 12])
      sketch.graph.outputs = [y, isOutput ? product : sketch.node(Neg(options: .defaults), [product], [6, 12])]
      try sketch.check(.productEpilogue, matches: 0)
    }
    // A result that is broadcast.
    var sketch = GraphSketch()
    let x = sketch.input([1, 10])
    let weights = try sketch.constant(GraphSketch.values(120, seed: 4), [12, 10])
    let product = sketch.node(try FullyConnected(options: .defaults), [x, weights, nil], [1, 12])
    sketch.graph.outputs = [try sketch.add(product, sketch.input([4, 12]), [4, 12])]
    try sketch.check(.productEpilogue, matches: 0)
  }

  /// What delegates take is not fused, and they see the operators of the model.
  @Test func delegatesComeFirst() throws {
    var sketch = GraphSketch()
    let x = sketch.input([6, 10])
    let weights = try sketch.constant(GraphSketch.values(120, seed: 4), [12, 10])
    let product = sketch.node(try FullyConnected(options: .defaults), [x, weights, nil], [6, 12])
    sketch.graph.outputs = [sketch.node(Tanh(options: .defaults), [product], [6, 12])]
    let fused = try GraphRun(sketch.graph)
    try fused.runner.allocate()
    #expect(fused.runner.placement.operators.map(\.name) == ["FULLY_CONNECTED", "TANH"])
    #expect(fused.runner.passes.steps == ["FULLY_CONNECTED + TANH"])
  }
}
