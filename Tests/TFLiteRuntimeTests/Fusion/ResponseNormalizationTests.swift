import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct ResponseNormalizationTests {
  private func sketch(_ batch: Int, _ size: Int, _ channels: Int, axes: [Int32] = [1, 2], residual: Bool = true)
    throws -> GraphSketch
  {
    var sketch = GraphSketch()
    let shape = [batch, size, size, channels]
    let small = [batch, 1, 1, channels]
    let x = sketch.input(shape)
    let absolute = sketch.node(Abs(options: .defaults), [x], shape)
    let square = try sketch.mul(absolute, absolute, shape)
    let sum = sketch.node(
      try Sum(options: .defaults), [square, try sketch.constant(axes)],
      axes == [1, 2] ? [batch, channels] : [size, size])
    let root = sketch.node(
      Sqrt(options: .defaults), [sum], axes == [1, 2] ? [batch, channels] : [size, size])
    let norm = try sketch.reshape(root, small)
    let mean = try sketch.mean(norm, [3], [batch, 1, 1, 1], keeps: true)
    let divisor = try sketch.add(mean, try sketch.scalar(1e-6, rank: 4), [batch, 1, 1, 1])
    let share = sketch.node(try Div(options: .defaults), [norm, divisor], small)
    let weighted = try sketch.mul(x, share, shape)
    let scaled = try sketch.mul(
      weighted, try sketch.constant(GraphSketch.values(channels, seed: 5), [1, 1, 1, channels]), shape)
    let shifted = try sketch.add(
      scaled, try sketch.constant(GraphSketch.values(channels, seed: 6), [1, 1, 1, channels]), shape)
    sketch.graph.outputs = [try sketch.add(residual ? x : weighted, shifted, shape)]
    return sketch
  }

  @Test(arguments: [(1, 3, 5), (2, 4, 16), (1, 7, 17), (1, 9, 130), (1, 1, 64)])
  func asConverted(batch: Int, size: Int, channels: Int) throws {
    let y = try sketch(batch, size, channels).check(
      .responseNormalization, matches: 1, steps: ["RESPONSE_NORMALIZATION"], tolerance: 2e-6)[0]
    let x = GraphSketch.values(batch * size * size * channels, seed: 11).map(Double.init)
    let scale = GraphSketch.values(channels, seed: 5), offset = GraphSketch.values(channels, seed: 6)
    let pixels = size * size
    for image in 0..<batch {
      let norms = (0..<channels).map { channel in
        (0..<pixels).reduce(0) {
          $0 + x[(image * pixels + $1) * channels + channel] * x[(image * pixels + $1) * channels + channel]
        }
        .squareRoot()
      }
      let mean = norms.reduce(0, +) / Double(channels) + 1e-6
      for i in 0..<pixels * channels {
        let value = x[image * pixels * channels + i]
        let channel = i % channels
        let expected = value + value * norms[channel] / mean * Double(scale[channel]) + Double(offset[channel])
        #expect(abs(Double(y[image * pixels * channels + i]) - expected) < 2e-5)
      }
    }
  }

  @Test func nearMisses() throws {
    // What is added is not what was normalised.
    try sketch(1, 4, 8, residual: false).check(.responseNormalization, matches: 0, tolerance: 1e-6)
    // Norms of pixels instead of channels.
    try sketch(1, 4, 16, axes: [0, 3]).check(.responseNormalization, matches: 0, tolerance: 1e-6)
  }
}
