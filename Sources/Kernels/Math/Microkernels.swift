internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// The C kernels of the best instruction set that this CPU has.
@safe struct Microkernels: Sendable {
  /// The table of functions. It lives for ever.
  nonisolated(unsafe) let table: UnsafePointer<tflk_kernels>
  /// What tells apart packed forms of different instruction sets.
  let name: String
  /// Multiplications that one core does in a microsecond, roughly: for dividing work.
  let floatRate: Int
  let integerRate: Int

  /// The kernels of the best instruction set. There are some for every architecture.
  static let best: Microkernels = {
    if let current { return current }
    return unsafe Microkernels(
      table: tflk_kernels_for(TFLK_ISA_BASELINE), name: "baseline", floatRate: 10_000, integerRate: 12_000)
  }()

  /// Nil when no table exists for this architecture.
  static let current: Microkernels? = {
    for isa in [tflk_cpu_isa(), TFLK_ISA_BASELINE] {
      guard let table = unsafe tflk_kernels_for(isa) else { continue }
      let (floatRate, integerRate) =
        switch isa {
        case TFLK_ISA_AVX512_VNNI: (80_000, 250_000)
        case TFLK_ISA_AVX512: (80_000, 100_000)
        case TFLK_ISA_AVX2: (40_000, 50_000)
        case TFLK_ISA_NEON_I8MM: (20_000, 160_000)
        case TFLK_ISA_NEON_DOTPROD: (20_000, 80_000)
        case TFLK_ISA_NEON_FP16: (20_000, 20_000)
        default: (10_000, 12_000)
        }
      return unsafe Microkernels(
        table: table, name: String(cString: tflk_isa_name(isa)), floatRate: floatRate, integerRate: integerRate)
    }
    return nil
  }()
}

extension ConvolutionGeometry {
  /// One group as the C kernels see it.
  var group: tflk_conv_geometry {
    tflk_conv_geometry(
      batch: batch, input_height: height.input, input_width: width.input, input_channels: inputChannelsPerGroup,
      output_height: height.output, output_width: width.output, output_channels: outputChannelsPerGroup,
      kernel_height: height.kernel, kernel_width: width.kernel, stride_height: height.stride,
      stride_width: width.stride, dilation_height: height.dilation, dilation_width: width.dilation,
      pad_top: height.padding, pad_left: width.padding, input_pixel_stride: inputChannels,
      output_pixel_stride: outputPitch ?? outputChannels)
  }

  /// The whole convolution as the C kernels see it, for depthwise ones.
  var whole: tflk_conv_geometry {
    var geometry = group
    geometry.input_channels = inputChannels
    geometry.output_channels = outputChannels
    return geometry
  }

  /// Whether the input with its padding is not much larger than the operands, so that a kernel may keep a copy of it.
  ///
  /// - Parameter channels: values that the copy holds for each pixel.
  func isPaddedCopyReasonable(channels: Int) -> Bool {
    guard height.output > 0, width.output > 0 else { return true }
    func extent(_ window: SlidingWindow) -> Int {
      (window.output - 1) * window.stride + (window.kernel - 1) * window.dilation + 1
    }
    let limit = 16 * (batch * inputPixelsPerBatch * inputChannels + outputPixels * outputChannels) + 1 << 20
    var elements = batch
    for factor in [extent(height), extent(width), channels] {
      let (product, overflow) = elements.multipliedReportingOverflow(by: factor)
      guard !overflow, product <= limit else { return false }
      elements = product
    }
    return true
  }
}

/// `count` rounded up to a multiple of 64.
func aligned(_ count: Int) -> Int { (count + 63) & ~63 }
