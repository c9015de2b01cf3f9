import Glibc
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct LayerNormalizationTests {
  struct Variant {
    var axes: [Int32] = [0, 2]
    var keeps = false
    var difference = false
    var epsilonRank = 0
    var scale = true
    var offset = true
    var secondReader = false
    var meanIsOutput = false
    var activation = false
  }

  /// The sequence that converters emit for rows `[1, rows, width]`.
  private func sketch(_ rows: Int, _ width: Int, _ variant: Variant = Variant()) throws -> GraphSketch {
    var sketch = GraphSketch()
    let shape = [1, rows, width]
    let flat = variant.keeps ? [1, rows, 1] : [rows]
    let x = sketch.input(shape)
    let mean = try sketch.mean(x, variant.axes, flat, keeps: variant.keeps)
    let means = variant.keeps ? mean : try sketch.reshape(mean, [1, rows, 1])
    let d = sketch.node(SquaredDifference(options: .defaults), [x, means], shape)
    let variance = try sketch.mean(d, variant.axes, flat, keeps: variant.keeps)
    let sum = try sketch.add(variance, try sketch.scalar(1e-5, rank: variant.epsilonRank), flat)
    let factor = sketch.node(Rsqrt(options: .defaults), [sum], flat)
    let factors = variant.keeps ? factor : try sketch.reshape(factor, [1, rows, 1])
    var y: TensorID
    if variant.difference {
      let centred = sketch.node(try Sub(options: .defaults), [x, means], shape)
      y = try sketch.mul(centred, factors, shape)
    } else {
      let product = try sketch.mul(factor, mean, flat)
      let negative = sketch.node(try Sub(options: .defaults), [try sketch.scalar(0), product], flat)
      let shift = variant.keeps ? negative : try sketch.reshape(negative, [1, rows, 1])
      y = try sketch.add(try sketch.mul(x, factors, shape), shift, shape, relu: variant.activation)
    }
    if variant.scale { y = try sketch.mul(y, try sketch.vector(width, seed: 5), shape) }
    if variant.offset { y = try sketch.add(y, try sketch.vector(width, seed: 6), shape) }
    sketch.graph.outputs = [y]
    if variant.secondReader {
      sketch.graph.outputs.append(sketch.node(Abs(options: .defaults), [variance], flat))
    }
    if variant.meanIsOutput { sketch.graph.outputs.append(mean) }
    return sketch
  }

  private func expect(_ actual: [Float], rows: Int, width: Int, scale: [Float]?, offset: [Float]?) {
    let x = GraphSketch.values(rows * width, seed: 11)
    for row in 0..<rows {
      let own = x[row * width..<(row + 1) * width].map(Double.init)
      let mean = own.reduce(0, +) / Double(width)
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      for column in 0..<width {
        var y = (own[column] - mean) / (variance + Double(Float(1e-5))).squareRoot()
        if let scale { y *= Double(scale[column]) }
        if let offset { y += Double(offset[column]) }
        #expect(abs(Double(actual[row * width + column]) - y) < 4e-6, "row \(row) column \(column)")
      }
    }
  }

  @Test(arguments: [1, 2, 7, 8, 15, 16, 17, 35, 64, 100]) func asConverted(width: Int) throws {
    let y = try sketch(5, width).check(
      .layerNormalization, matches: 1, steps: ["LAYER_NORMALIZATION"], tolerance: width == 1 ? 1e-3 : 4e-6)[0]
    if width > 1 {
      expect(
        y, rows: 5, width: width, scale: GraphSketch.values(width, seed: 5), offset: GraphSketch.values(width, seed: 6))
    }
  }

  @Test func variants() throws {
    for difference in [false, true] {
      for keeps in [false, true] {
        let variant = Variant(
          axes: keeps ? [-1] : [0, 2], keeps: keeps, difference: difference, epsilonRank: keeps ? 3 : 0, scale: false,
          offset: false)
        let y = try sketch(3, 40, variant).check(
          .layerNormalization, matches: 1, steps: ["LAYER_NORMALIZATION"], tolerance: 4e-6)[0]
        expect(y, rows: 3, width: 40, scale: nil, offset: nil)
      }
    }
    try sketch(3, 40, Variant(scale: false)).check(
      .layerNormalization, matches: 1, steps: ["LAYER_NORMALIZATION"], tolerance: 4e-6)
    try sketch(3, 40, Variant(offset: false)).check(
      .layerNormalization, matches: 1, steps: ["LAYER_NORMALIZATION"], tolerance: 4e-6)
  }

  /// A value that somebody else reads must be computed, and so must everything before it.
  @Test func nearMisses() throws {
    try sketch(3, 8, Variant(secondReader: true)).check(.layerNormalization, matches: 0, tolerance: 1e-6)
    try sketch(3, 8, Variant(meanIsOutput: true)).check(.layerNormalization, matches: 0, tolerance: 1e-6)
    try sketch(3, 8, Variant(activation: true)).check(.layerNormalization, matches: 0, tolerance: 1e-6)
  }

  /// Means along another axis than the last.
  @Test func otherAxis() throws {
    var sketch = GraphSketch()
    let x = sketch.input([1, 6, 6])
    let mean = try sketch.mean(x, [1], [1, 1, 6], keeps: true)
    let d = sketch.node(SquaredDifference(options: .defaults), [x, mean], [1, 6, 6])
    let variance = try sketch.mean(d, [1], [1, 1, 6], keeps: true)
    let factor = sketch.node(
      Rsqrt(options: .defaults), [try sketch.add(variance, try sketch.scalar(1e-5), [1, 1, 6])], [1, 1, 6])
    let centred = sketch.node(try Sub(options: .defaults), [x, mean], [1, 6, 6])
    sketch.graph.outputs = [try sketch.mul(centred, factor, [1, 6, 6])]
    try sketch.check(.layerNormalization, matches: 0, tolerance: 1e-6)
  }

  /// An epsilon that is no single constant.
  @Test func epsilonVector() throws {
    var sketch = GraphSketch()
    let x = sketch.input([4, 6])
    let mean = try sketch.mean(x, [1], [4, 1], keeps: true)
    let d = sketch.node(SquaredDifference(options: .defaults), [x, mean], [4, 6])
    let variance = try sketch.mean(d, [1], [4, 1], keeps: true)
    let epsilon = try sketch.constant([1e-5, 2e-5, 1e-5, 1e-5] as [Float], [4, 1])
    let factor = sketch.node(Rsqrt(options: .defaults), [try sketch.add(variance, epsilon, [4, 1])], [4, 1])
    let centred = sketch.node(try Sub(options: .defaults), [x, mean], [4, 6])
    sketch.graph.outputs = [try sketch.mul(centred, factor, [4, 6])]
    try sketch.check(.layerNormalization, matches: 0, tolerance: 1e-6)
  }
}
