internal import TensorTypes

/// Convolutions by direct loops, for every combination of types: what the faster kernels are compared with, and what runs where none of
/// them applies.
///
/// Output 0 is written; the inputs' indices are given, as operators differ in them.
struct PlainConvolution: Sendable {
  enum Form: Sendable {
    case standard
    case depthwise
    /// See ``ConvolutionGeometry/convolveTransposed(pixel:_:_:_:store:)``.
    case transposed
  }

  let geometry: ConvolutionGeometry
  let form: Form
  let weights: Weights
  /// The input that is the image.
  var image = 0
  /// The input that is the bias; nil without one.
  let bias: Int?

  /// Multiplications of one output pixel.
  private var operations: Int {
    let taps = geometry.height.kernel * geometry.width.kernel
    return switch form {
    case .standard: geometry.multiplicationsPerPixel
    case .depthwise: taps * geometry.outputChannels
    case .transposed:
      geometry.multiplicationsPerPixel / max(geometry.height.stride * geometry.width.stride, 1)
    }
  }

  private var outputPixels: Int {
    form == .transposed ? geometry.batch * geometry.inputPixelsPerBatch : geometry.outputPixels
  }

  /// Elements of the image of one batch.
  private var imageElements: Int {
    (form == .transposed ? geometry.height.output * geometry.width.output : geometry.inputPixelsPerBatch)
      * geometry.inputChannels
  }

  @inline(never)
  func float(_ range: ClosedRange<Float>) -> Kernel {
    Kernel { io throws(OperatorError) in
      try run(io, FloatTerm(), output: Float.self) { io, _, channel, sum in
        clamp(bias.map { sum + io.input($0, as: Float.self)[channel] } ?? sum, range)
      }
    }
  }

  /// - Parameters:
  ///   - scales: one weight scale per channel, or one.
  ///   - asymmetric: how activations are quantised.
  @inline(never)
  func hybrid(scales: [Float], asymmetric: Bool, range: ClosedRange<Float>) -> Kernel {
    let batch = geometry.batch
    let elements = imageElements
    return Kernel(scratch: [batch * elements, batch * 4, batch * 4]) { io throws(OperatorError) in
      try DynamicQuantization.quantizeRows(io, input: image, rows: batch, columns: elements, asymmetric: asymmetric)
      try run(io, HybridTerm(), output: Float.self, fromScratch: true) { io, batch, channel, sums in
        let zeroPoint = io.writtenScratch(2, as: Int32.self)[batch]
        let scale = scales[scales.count == 1 ? 0 : channel] * io.writtenScratch(1, as: Float.self)[batch]
        let value = Float(sums.products &- zeroPoint &* sums.weights) * scale
        return clamp(bias.map { value + io.input($0, as: Float.self)[channel] } ?? value, range)
      }
    }
  }

  @inline(never)
  func uint8(inputZeroPoint: Int32, weightZeroPoint: Int32, _ requantize: Requantization) -> Kernel {
    Kernel { io throws(OperatorError) in
      let term = NarrowTerm<UInt8>(leftZeroPoint: inputZeroPoint, rightZeroPoint: weightZeroPoint)
      try run(io, term, output: UInt8.self) { io, _, channel, sum in
        UInt8(truncatingIfNeeded: requantize(sum &+ io.bias(bias, channel), channel))
      }
    }
  }

  @inline(never)
  func int8(inputZeroPoint: Int32, _ requantize: Requantization) -> Kernel {
    Kernel { io throws(OperatorError) in
      let term = NarrowTerm<Int8>(leftZeroPoint: inputZeroPoint, rightZeroPoint: 0)
      try run(io, term, output: Int8.self) { io, _, channel, sum in
        Int8(truncatingIfNeeded: requantize(sum &+ io.bias(bias, channel), channel))
      }
    }
  }

  /// - Parameters:
  ///   - wide: sums in 64 bits instead of 32.
  ///   - biasElement: the bias's element type.
  @inline(never)
  func int16(wide: Bool, biasElement: ElementType?, _ requantize: Requantization) -> Kernel {
    guard wide else {
      return Kernel { io throws(OperatorError) in
        try run(io, WideTerm<Int8, Int32>(rightZeroPoint: 0), output: Int16.self) { io, _, channel, sum in
          let offset = Int32(truncatingIfNeeded: io.wideBias(bias, biasElement, channel))
          return Int16(truncatingIfNeeded: requantize(sum &+ offset, channel))
        }
      }
    }
    return Kernel { io throws(OperatorError) in
      try run(io, WideTerm<Int8, Int64>(rightZeroPoint: 0), output: Int16.self) { io, _, channel, sum in
        Int16(truncatingIfNeeded: requantize(wide: sum &+ io.wideBias(bias, biasElement, channel), channel))
      }
    }
  }

  /// The kernel of a quantised convolution.
  func quantized(
    _ arithmetic: ProductArithmetic, inputZeroPoint: Int, weightZeroPoint: Int, biasElement: ElementType?,
    _ requantize: Requantization
  ) -> Kernel {
    let inputZeroPoint = Int32(clamping: inputZeroPoint)
    return switch arithmetic {
    case .uint8:
      uint8(inputZeroPoint: inputZeroPoint, weightZeroPoint: Int32(clamping: weightZeroPoint), requantize)
    case .int16(let wide): int16(wide: wide, biasElement: biasElement, requantize)
    default: int8(inputZeroPoint: inputZeroPoint, requantize)
    }
  }

  @inline(__always)
  private func run<Term: ProductTerm, Output: BitwiseCopyable>(
    _ io: Operands, _ term: Term, output: Output.Type, fromScratch: Bool = false,
    finish: @Sendable (_ io: Operands, _ batch: Int, _ channel: Int, Term.Sum) -> Output
  ) throws(OperatorError) {
    let channels = geometry.outputChannels
    let tile = tileSize(of: outputPixels, operations: operations, picoseconds: 500)
    try io.forEachTile(of: tile, in: outputPixels) { pixels in
      let x = fromScratch ? io.writtenScratch(0, as: Term.Left.self) : io.input(image, as: Term.Left.self)
      weights.withSpan(io, as: Term.Right.self) { w in
        var y = io.output(0, as: Output.self, in: pixels.lowerBound * channels..<pixels.upperBound * channels)
        for pixel in pixels {
          let first = (pixel - pixels.lowerBound) * channels
          switch form {
          case .standard:
            geometry.convolve(pixel: pixel, x, w, term) { batch, channel, sum in
              y[first + channel] = finish(io, batch, channel, sum)
            }
          case .depthwise:
            geometry.convolveDepthwise(pixel: pixel, x, w, term) { batch, channel, sum in
              y[first + channel] = finish(io, batch, channel, sum)
            }
          case .transposed:
            geometry.convolveTransposed(pixel: pixel, x, w, term) { batch, channel, sum in
              y[first + channel] = finish(io, batch, channel, sum)
            }
          }
        }
      }
    }
  }
}

/// `value` inside `range`; NaN passes through.
@inline(__always)
func clamp(_ value: Float, _ range: ClosedRange<Float>) -> Float {
  let low = value < range.lowerBound ? range.lowerBound : value
  return low > range.upperBound ? range.upperBound : low
}

extension Operands {
  /// An element of an `int32` bias; 0 without one.
  @inline(__always)
  func bias(_ index: Int?, _ channel: Int) -> Int32 {
    guard let index else { return 0 }
    return input(index, as: Int32.self)[channel]
  }

  /// An element of an `int64` or `int32` bias; 0 without one.
  @inline(__always)
  func wideBias(_ index: Int?, _ element: ElementType?, _ channel: Int) -> Int64 {
    guard let index else { return 0 }
    return element == .int64 ? input(index, as: Int64.self)[channel] : Int64(input(index, as: Int32.self)[channel])
  }
}
