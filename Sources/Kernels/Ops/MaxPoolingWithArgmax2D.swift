public import TensorTypes

/// The custom operator `MaxPoolingWithArgmax2D` of MediaPipe: the largest element of each window of an NHWC image, and where in the window it
/// stands.
///
/// Input and outputs are `float32`. A place is row times window width plus column, plus 0.1 so that cutting off the fraction is safe; of equal
/// elements the first counts. Options (a structure of C, `TfLitePoolParams`): padding, strides, window size, activation.
public struct MaxPoolingWithArgmax2D: Operator {
  public static let definition = OperatorDefinition(custom: "MaxPoolingWithArgmax2D")

  package let options: PoolingStructure

  public init(options: OperatorOptions) throws(OperatorError) { self.options = try PoolingStructure(options) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1, outputs: 2)
    let input = try node.input(0)
    guard input.element == .float32, input.shape.rank == 4 else {
      throw .malformed("the input must be float32[batch, height, width, channels], not \(input)")
    }
    for output in node.outputs where output.element != .float32 {
      throw .malformed("an output is \(output.element); both must be float32")
    }
    _ = try options.activation.floatRange()
    let (height, width) = try windows(input.shape)
    guard let shape = Shape([input.shape[0], height.output, width.output, input.shape[3]]) else {
      throw .malformed("the output is too large")
    }
    return [shape, shape]
  }

  private func windows(_ input: Shape) throws(OperatorError) -> (height: SlidingWindow, width: SlidingWindow) {
    (
      try SlidingWindow(
        "height", input: input[1], kernel: options.height, stride: options.strideHeight, padding: options.padding),
      try SlidingWindow(
        "width", input: input[2], kernel: options.width, stride: options.strideWidth, padding: options.padding)
    )
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0).shape
    let (height, width) = try windows(input)
    let channels = input[3]
    let range = try options.activation.finiteRange(Float.self)
    let pixels = input[0] * height.output * width.output
    guard pixels > 0, channels > 0 else { return Kernel { _ throws(OperatorError) in } }
    let operations = height.kernel * width.kernel * channels
    return Kernel { io throws(OperatorError) in
      try io.forEachTile(of: tileSize(of: pixels, operations: operations, picoseconds: 1000), in: pixels) { tile in
        for pixel in tile {
          var y = io.output(0, as: Float.self, in: pixel * channels..<(pixel + 1) * channels)
          var places = io.output(1, as: Float.self, in: pixel * channels..<(pixel + 1) * channels)
          for i in y.indices {
            y[i] = -.greatestFiniteMagnitude
            places[i] = 0.1
          }
          let top = height.origin(pixel / width.output % height.output)
          let left = width.origin(pixel % width.output)
          let image = pixel / width.output / height.output * height.input
          for row in height.taps(origin: top) {
            for column in width.taps(origin: left) {
              let source = ((image + top + row) * width.input + left + column) * channels
              let x = io.input(0, as: Float.self, in: source..<source + channels)
              let place = Float(row * width.kernel + column) + 0.1
              precondition(x.count == y.count && places.count == y.count)
              for i in x.indices where x[i] > y[i] {
                y[i] = x[i]
                places[i] = place
              }
            }
          }
          for i in y.indices { y[i] = clamped(y[i], range.lowerBound, range.upperBound) }
        }
      }
    }
  }
}
