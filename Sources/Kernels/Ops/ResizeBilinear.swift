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
    case .float32:
      return try floats(Float.self, node) {
        Float($0)
      } narrow: {
        $0
      }
    case .uint8:
      return try floats(UInt8.self, node) {
        Float($0)
      } narrow: {
        UInt8(truncatingIfNeeded: Int32(min(max($0 + 0.5, -1), 256)))
      }
    case .int8: return try integers(Int8.self, Int32.self, node)
    case .int16: return try integers(Int16.self, Int64.self, node)
    default: throw .unsupported("\(element) input; float32, int8, uint8 and int16 are supported")
    }
  }

  /// Float positions and weights.
  @inline(__always)
  private func floats<T: BitwiseCopyable & Sendable>(
    _: T.Type, _ node: NodeContext, widen: @escaping @Sendable (T) -> Float, narrow: @escaping @Sendable (Float) -> T
  ) throws(OperatorError) -> Kernel {
    try kernel(node, T.self) { resizing, input, output in
      Interpolation<Float>(resizing, from: input, to: output)
    } mix: {
      (y: Interpolation<Float>.Tap, x: Interpolation<Float>.Tap, a: T, b: T, c: T, d: T) -> T in
      let upperLeft = widen(a) * y.lowerWeight * x.lowerWeight
      let lowerLeft = widen(c) * y.upperWeight * x.lowerWeight
      let upperRight = widen(b) * y.lowerWeight * x.upperWeight
      let lowerRight = widen(d) * y.upperWeight * x.upperWeight
      return narrow(upperLeft + lowerLeft + upperRight + lowerRight)
    }
  }

  /// Fixed-point positions and weights; `A` holds products of values and two weights.
  @inline(__always)
  private func integers<T: FixedWidthInteger & BitwiseCopyable & Sendable, A: FixedWidthInteger & Sendable>(
    _: T.Type, _: A.Type, _ node: NodeContext
  ) throws(OperatorError) -> Kernel {
    try kernel(node, T.self) { resizing, input, output in
      Interpolation<Int32>(resizing, from: input, to: output)
    } mix: {
      (y: Interpolation<Int32>.Tap, x: Interpolation<Int32>.Tap, a: T, b: T, c: T, d: T) -> T in
      let upperLeft = A(truncatingIfNeeded: y.lowerWeight) &* A(truncatingIfNeeded: x.lowerWeight)
      let lowerLeft = A(truncatingIfNeeded: y.upperWeight) &* A(truncatingIfNeeded: x.lowerWeight)
      let upperRight = A(truncatingIfNeeded: y.lowerWeight) &* A(truncatingIfNeeded: x.upperWeight)
      let lowerRight = A(truncatingIfNeeded: y.upperWeight) &* A(truncatingIfNeeded: x.upperWeight)
      let top = A(truncatingIfNeeded: a) &* upperLeft &+ A(truncatingIfNeeded: b) &* upperRight
      let bottom = A(truncatingIfNeeded: c) &* lowerLeft &+ A(truncatingIfNeeded: d) &* lowerRight
      let sum = top &+ bottom
      let half: A = 1 << 19
      return T(truncatingIfNeeded: (sum &+ (sum > 0 ? half : 0 &- half)) / (1 << 20))
    }
  }

  @inline(__always)
  private func kernel<T: BitwiseCopyable & Sendable, W: BitwiseCopyable & Sendable>(
    _ node: NodeContext, _: T.Type, taps: @escaping @Sendable (Resizing, Int, Int) -> Interpolation<W>,
    mix: @escaping @Sendable (Interpolation<W>.Tap, Interpolation<W>.Tap, T, T, T, T) -> T
  ) throws(OperatorError) -> Kernel {
    let input = try node.input(0).shape
    let output = try node.output(0).shape
    let resizing = resizing
    let (height, width, channels) = (input[1], input[2], input[3])
    return try .planned(node, values: [1]) { values throws(OperatorError) -> (Interpolation<W>, Interpolation<W>) in
      guard try Resizing.shape(input, values[0]) == output else {
        throw .invalidValue("size \(values[0]) does not lead to shape \(output)")
      }
      guard output.elementCount > 0 else { return (Interpolation(taps: []), Interpolation(taps: [])) }
      return (taps(resizing, height, output[1]), taps(resizing, width, output[2]))
    } run: { io, taps throws(OperatorError) in
      let (rows, columns) = taps
      guard output.elementCount > 0 else { return }
      try io.parallel(output[0] * output[1], grain: max(1, 4096 / (output[2] * channels))) { range in
        for row in range {
          let batch = row / rows.taps.count
          let y = rows.taps[row % rows.taps.count]
          let upper = (batch * height + y.lower) * width * channels
          let lower = (batch * height + y.upper) * width * channels
          let top = io.input(0, as: T.self, in: upper..<upper + width * channels)
          let bottom = io.input(0, as: T.self, in: lower..<lower + width * channels)
          let start = row * columns.taps.count * channels
          var results = io.output(0, as: T.self, in: start..<start + columns.taps.count * channels)
          for column in columns.taps.indices {
            let x = columns.taps[column]
            let left = x.lower &* channels
            let right = x.upper &* channels
            let a = top.extracting(left..<left &+ channels)
            let b = top.extracting(right..<right &+ channels)
            let c = bottom.extracting(left..<left &+ channels)
            let d = bottom.extracting(right..<right &+ channels)
            let place = column &* channels
            precondition(place >= 0 && place &+ channels <= results.count)
            precondition(a.count == channels && b.count == channels && c.count == channels && d.count == channels)
            for i in 0..<channels {
              results[place &+ i] = mix(y, x, a[i], b[i], c[i], d[i])
            }
          }
        }
      }
    }
  }
}
