import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct PaddingTests {
  private func sketch(
    _ amounts: [Int32], stride: Int32 = 2, same: Bool = false, depthwise: Bool = false, secondReader: Bool = false
  ) throws -> GraphSketch {
    var sketch = GraphSketch()
    let (height, width, channels, filters) = (6, 7, 4, depthwise ? 4 : 9)
    let x = sketch.input([2, height, width, channels])
    let shape = [
      2 + Int(amounts[0] + amounts[1]), height + Int(amounts[2] + amounts[3]), width + Int(amounts[4] + amounts[5]),
      channels,
    ]
    let padded = sketch.node(Pad(options: .defaults), [x, try sketch.constant(amounts, [4, 2])], shape)
    let s = Int(stride)
    let output = [
      shape[0], same ? (shape[1] + s - 1) / s : (shape[1] - 3) / s + 1,
      same ? (shape[2] + s - 1) / s : (shape[2] - 3) / s + 1, filters,
    ]
    let options = try OperatorOptions.table([0: .int8(same ? 0 : 1), 1: .int32(stride), 2: .int32(stride)])
    let bias = try sketch.vector(filters, seed: 5)
    let y: TensorID
    if depthwise {
      let filter = try sketch.constant(GraphSketch.values(36, seed: 4), [1, 3, 3, 4])
      y = sketch.node(try DepthwiseConv2D(options: options), [padded, filter, bias], output)
    } else {
      let filter = try sketch.constant(GraphSketch.values(filters * 36, seed: 4), [filters, 3, 3, 4])
      y = sketch.node(try Conv2D(options: options), [padded, filter, bias], output)
    }
    sketch.graph.outputs = secondReader ? [y, padded] : [y]
    return sketch
  }

  @Test(arguments: [[1, 1, 1, 1], [0, 1, 0, 1], [2, 0, 1, 2], [0, 0, 2, 2]] as [[Int32]], [1, 2, 3] as [Int32])
  func borders(amounts: [Int32], stride: Int32) throws {
    for depthwise in [false, true] {
      let steps = [depthwise ? "PAD + DEPTHWISE_CONV_2D" : "PAD + CONV_2D"]
      try sketch([0, 0] + amounts + [0, 0], stride: stride, depthwise: depthwise).check(
        .padding, matches: 1, steps: steps, tolerance: 1e-6)
    }
  }

  @Test func nearMisses() throws {
    try sketch([0, 0, 1, 1, 1, 1, 0, 0], same: true).check(.padding, matches: 0)
    try sketch([0, 0, 3, 1, 1, 1, 0, 0]).check(.padding, matches: 0)
    try sketch([1, 0, 1, 1, 1, 1, 0, 0]).check(.padding, matches: 0)
    try sketch([0, 0, 1, 1, 1, 1, 0, 0], secondReader: true).check(.padding, matches: 0)
  }

  /// Quantised: the border is the zero point of what the convolution reads.
  @Test(arguments: [true, false]) func quantized(sameQuantization: Bool) throws {
    var sketch = GraphSketch()
    func quantize(_ id: TensorID, _ scale: Float, _ zeroPoint: Int) {
      sketch.graph[id].type.quantization = .perTensor(scale: scale, zeroPoint: zeroPoint)
    }
    let x = sketch.input([1, 4, 4, 2])
    let quantized = sketch.node(Quantize(options: .defaults), [x], [1, 4, 4, 2], .int8)
    quantize(quantized, 0.02, 5)
    let padded = sketch.node(
      Pad(options: .defaults), [quantized, try sketch.constant([0, 0, 1, 1, 1, 1, 0, 0] as [Int32], [4, 2])],
      [1, 6, 6, 2], .int8)
    quantize(padded, 0.02, sameQuantization ? 5 : 6)
    let filter = try sketch.constant((0..<54).map { Int8($0 * 37 % 100 - 50) }, [3, 3, 3, 2])
    quantize(filter, 0.01, 0)
    let bias = try sketch.constant([1, 2, 3] as [Int32])
    quantize(bias, 0.0002, 0)
    let product = sketch.node(
      try Conv2D(options: try .table([0: .int8(1), 1: .int32(1), 2: .int32(1)])), [padded, filter, bias], [1, 4, 4, 3],
      .int8)
    quantize(product, 0.05, -3)
    sketch.graph.outputs = [sketch.node(Dequantize(options: .defaults), [product], [1, 4, 4, 3])]
    guard sameQuantization else {
      // PAD itself may refuse this.
      if let report = try? sketch.run().report { #expect(report.matches[.padding] == nil) }
      return
    }
    try sketch.check(.padding, matches: 1)
  }

  private func pooled(_ amounts: [Int32], value: Float, stride: Int32, same: Bool = false) throws -> GraphSketch {
    var sketch = GraphSketch()
    let x = sketch.input([2, 6, 7, 5])
    let shape = [2, 6 + Int(amounts[2] + amounts[3]), 7 + Int(amounts[4] + amounts[5]), 5]
    let padded = sketch.node(
      PadV2(options: .defaults), [x, try sketch.constant(amounts, [4, 2]), try sketch.constant([value], [])], shape)
    let s = Int(stride)
    let options = try OperatorOptions.table([
      0: .int8(same ? 0 : 1), 1: .int32(stride), 2: .int32(stride), 3: .int32(3), 4: .int32(3),
    ])
    let output = [
      2, same ? (shape[1] + s - 1) / s : (shape[1] - 3) / s + 1, same ? (shape[2] + s - 1) / s : (shape[2] - 3) / s + 1,
      5,
    ]
    sketch.graph.outputs = [sketch.node(try MaxPool2D(options: options), [padded], output)]
    return sketch
  }

  @Test(
    arguments: [[1, 1, 1, 1], [0, 1, 0, 1], [2, 0, 1, 2]] as [[Int32]],
    [-Float.infinity, -Float.greatestFiniteMagnitude])
  func maximum(amounts: [Int32], value: Float) throws {
    for stride in 1...3 as ClosedRange<Int32> {
      try pooled([0, 0] + amounts + [0, 0], value: value, stride: stride).check(
        .padding, matches: 1, steps: ["PADV2 + MAX_POOL_2D"], tolerance: 0)
    }
  }

  @Test func maximumNearMisses() throws {
    try pooled([0, 0, 1, 1, 1, 1, 0, 0], value: 0, stride: 2).check(.padding, matches: 0)
    try pooled([0, 0, 3, 1, 1, 1, 0, 0], value: -.infinity, stride: 2).check(.padding, matches: 0)
    try pooled([0, 0, 1, 1, 1, 1, 0, 0], value: -.infinity, stride: 2, same: true).check(.padding, matches: 0)
  }

  /// Quantised: a maximum passes over borders of the least value, from either operator.
  @Test(arguments: [-128, -127]) func quantizedMaximum(zeroPoint: Int) throws {
    for hasValue in [true, false] {
      var sketch = GraphSketch()
      func quantize(_ id: TensorID) {
        sketch.graph[id].type.quantization = .perTensor(scale: 0.02, zeroPoint: zeroPoint)
      }
      let x = sketch.input([1, 4, 4, 2])
      let quantized = sketch.node(Quantize(options: .defaults), [x], [1, 4, 4, 2], .int8)
      quantize(quantized)
      let amounts = try sketch.constant([0, 0, 1, 1, 1, 1, 0, 0] as [Int32], [4, 2])
      let padded: TensorID
      if hasValue {
        let value = try sketch.constant([Int8(zeroPoint)], [])
        quantize(value)
        padded = sketch.node(PadV2(options: .defaults), [quantized, amounts, value], [1, 6, 6, 2], .int8)
      } else {
        padded = sketch.node(Pad(options: .defaults), [quantized, amounts], [1, 6, 6, 2], .int8)
      }
      quantize(padded)
      let options = try OperatorOptions.table([
        0: .int8(1), 1: .int32(2), 2: .int32(2), 3: .int32(3), 4: .int32(3),
      ])
      let pooled = sketch.node(try MaxPool2D(options: options), [padded], [1, 2, 2, 2], .int8)
      quantize(pooled)
      sketch.graph.outputs = [sketch.node(Dequantize(options: .defaults), [pooled], [1, 2, 2, 2])]
      try sketch.check(.padding, matches: zeroPoint == -128 ? 1 : 0)
    }
  }
}
