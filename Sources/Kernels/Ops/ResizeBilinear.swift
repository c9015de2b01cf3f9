public import TensorTypes

/// `RESIZE_BILINEAR`: an image of another size, mixed from the four nearest pixels.
///
/// Input `[batch, height, width, channels]`: `float32`, `int8`, `uint8` or `int16`; input 1: height and width (`int32`). `int8` and `int16`
/// use fixed-point positions with ten fractional bits, `uint8` float arithmetic, as TFLite's reference kernels.
public struct ResizeBilinear: Operator {
  public static let definition = OperatorDefinition(.resizeBilinear, versions: 1...4, options: 15)

  package let resizing: Resizing

  public init(options: OperatorOptions) throws(OperatorError) {
    resizing = Resizing(alignsCorners: try options.bool(2), hasHalfPixelCenters: try options.bool(3))
    guard !resizing.alignsCorners || !resizing.hasHalfPixelCenters else {
      throw .malformed("align_corners and half_pixel_centers exclude each other")
    }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { try resizing.infer(node) }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let element = try node.input(0).element
    switch element {
    case .float32: return try kernel(node, Float.self, Interpolation<Float>.init)
    case .uint8: return try kernel(node, UInt8.self, Interpolation<Float>.init)
    case .int8: return try kernel(node, Int8.self, Interpolation<Int32>.init)
    case .int16: return try kernel(node, Int16.self, Interpolation<Int32>.init)
    default: throw .unsupported("\(element) input; float32, int8, uint8 and int16 are supported")
    }
  }

  private func kernel<T: BitwiseCopyable & Sendable, W: BitwiseCopyable & Sendable>(
    _ node: NodeContext, _: T.Type, _ taps: @escaping @Sendable (Resizing, Int, Int) -> Interpolation<W>
  ) throws(OperatorError) -> Kernel {
    let input = try node.input(0).shape
    let output = try node.output(0).shape
    let resizing = resizing
    let line = try ResizeLine(try node.input(0).element)
    return try .planned(node, values: [1]) { values throws(OperatorError) -> BilinearResize<W> in
      guard try Resizing.shape(input, values[0]) == output else {
        throw .invalidValue("size \(values[0]) does not lead to shape \(output)")
      }
      let isEmpty = output.elementCount == 0
      return BilinearResize(
        input: input, output: output,
        rows: InterpolationTable(
          isEmpty ? Interpolation(taps: []) : taps(resizing, input[1], output[1]), stride: input[2] * input[3]),
        columns: InterpolationTable(
          isEmpty ? Interpolation(taps: []) : taps(resizing, input[2], output[2]), stride: input[3]))
    } run: { io, resize throws(OperatorError) in
      try resize.run(io, T.self, line)
    }
  }
}
