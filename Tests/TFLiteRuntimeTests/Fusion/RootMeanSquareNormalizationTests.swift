import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct RootMeanSquareNormalizationTests {
  private func sketch(width: Int, axis: Int32 = 2, squares other: Bool = false) throws -> GraphSketch {
    var sketch = GraphSketch()
    let shape = [1, width, width]
    let x = sketch.input(shape)
    let square = try sketch.mul(x, other ? sketch.input(shape) : x, shape)
    let mean = try sketch.mean(square, [axis], [1, width])
    let sum = try sketch.add(mean, try sketch.scalar(1e-2), [1, width])
    let factor = sketch.node(Rsqrt(options: .defaults), [try sketch.reshape(sum, [1, width, 1])], [1, width, 1])
    let y = try sketch.mul(x, factor, shape)
    sketch.graph.outputs = [try sketch.mul(y, try sketch.vector(width, seed: 5), shape)]
    return sketch
  }

  @Test(arguments: [1, 2, 15, 16, 17, 35]) func asConverted(width: Int) throws {
    let y = try sketch(width: width).check(
      .rootMeanSquareNormalization, matches: 1, steps: ["RMS_NORMALIZATION"], tolerance: 2e-6)[0]
    let x = GraphSketch.values(width * width, seed: 11)
    let scale = GraphSketch.values(width, seed: 5)
    for i in y.indices {
      let row = x[i / width * width..<(i / width + 1) * width]
      let mean = row.reduce(0) { $0 + Double($1) * Double($1) } / Double(width)
      let expected = Double(x[i]) / (mean + Double(Float(1e-2))).squareRoot() * Double(scale[i % width])
      #expect(abs(Double(y[i]) - expected) < 4e-6)
    }
  }

  /// Factors of rows that meet the columns of a square.
  @Test func factorsOfOtherRows() throws {
    var sketch = GraphSketch()
    let x = sketch.input([6, 6])
    let mean = try sketch.mean(try sketch.mul(x, x, [6, 6]), [1], [6])
    let factor = sketch.node(
      Rsqrt(options: .defaults), [try sketch.add(mean, try sketch.scalar(1e-2), [6])], [6])
    sketch.graph.outputs = [try sketch.mul(x, factor, [6, 6])]
    try sketch.check(.rootMeanSquareNormalization, matches: 0)
  }

  @Test func nearMisses() throws {
    // Means along another axis; the product of two tensors.
    try sketch(width: 6, axis: 1).check(.rootMeanSquareNormalization, matches: 0, tolerance: 1e-6)
    // The sum under the root may then be negative.
    let products = try sketch(width: 6, squares: true)
    #expect(try products.run().report.matches[.rootMeanSquareNormalization] == nil)
  }
}
