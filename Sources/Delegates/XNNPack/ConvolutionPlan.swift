internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// A two-dimensional convolution over NHWC images with constant filters.
///
/// Filters are `[output channels, height, width, input channels per group]`, or with ``isDepthwise`` `[height, width, output channels]`.
struct ConvolutionPlan {
  let batch: Int
  let height: SpatialWindow
  let width: SpatialWindow
  let groups: Int
  let groupInputChannels: Int
  let groupOutputChannels: Int
  let isDepthwise: Bool
  let filter: Constant
  let bias: Constant?
  let arithmetic: ProductArithmetic

  /// Bytes of packed filters; refused above this. Packing rounds channels up, most for filters of many groups.
  static let maximumPackedBytes = 1 << 31

  /// Checks everything that the arithmetic and the windows do not know.
  func check() throws(Refusal) {
    for (what, value) in [
      ("groups", groups), ("input channels", groupInputChannels), ("output channels", groupOutputChannels),
      ("batch", batch),
    ] {
      guard value > 0, value < 1 << 31 else { throw Refusal("\(value) \(what) are not taken") }
    }
    let needsIndirection = height.kernel * width.kernel > 1 || height.stride * width.stride > 1
    if needsIndirection { try SpatialWindow.checkIndirection(height, width) }
    let elements = [
      height.kernel, width.kernel, groups, groupInputChannels, groupOutputChannels, arithmetic.filterElementBytes,
    ]
    guard let bytes = Self.product(elements), filter.bytes.count >= bytes else {
      throw Refusal("the filter has fewer bytes than its shape asks for")
    }
    if let bias, bias.bytes.count < arithmetic.biasElementBytes * groups * groupOutputChannels {
      throw Refusal("the bias has too few bytes")
    }
    let packed = [
      height.kernel, width.kernel, groups, (groupInputChannels + 7) / 8 * 8, (groupOutputChannels + 31) / 32 * 32,
      arithmetic.filterElementBytes,
    ]
    guard let bytes = Self.product(packed), bytes <= Self.maximumPackedBytes || groups == 1 else {
      throw Refusal("filters of \(groups) groups would take too much memory when packed")
    }
  }

  private static func product(_ factors: [Int]) -> Int? {
    factors.reduce(1 as Int?) { product, factor in
      guard let (value, overflow) = product?.multipliedReportingOverflow(by: factor), !overflow else { return nil }
      return value
    }
  }

  /// The plan of a node that reads one tensor.
  func plan(_ name: String, input: OperatorPlan.Source, output: TensorID) -> OperatorPlan {
    unsafe OperatorPlan(
      name: name, inputs: [input], output: output,
      action: .run(create: { unsafe create($0) }, setUp: { unsafe setUp($0, $1) }), packing: packing)
  }

  /// Everything that ``create(_:)`` reads; neither batch nor size of the image.
  private var packing: OperatorKey {
    let windows = [height, width].flatMap { [$0.before, $0.after, $0.kernel, $0.stride, $0.dilation] }
    return OperatorKey(
      .convolution, numbers: windows + [groups, groupInputChannels, groupOutputChannels, isDepthwise ? 1 : 0],
      arithmetic: arithmetic, constants: [filter, bias])
  }

  private func create(_ handle: UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status {
    let inputStride = groups * groupInputChannels
    let outputStride = groups * groupOutputChannels
    let flags = isDepthwise ? UInt32(XNN_FLAG_DEPTHWISE_CONVOLUTION) : 0
    let (top, bottom) = (UInt32(height.before), UInt32(height.after))
    let (left, right) = (UInt32(width.before), UInt32(width.after))
    let (kernelHeight, kernelWidth) = (UInt32(height.kernel), UInt32(width.kernel))
    let (strideHeight, strideWidth) = (UInt32(height.stride), UInt32(width.stride))
    let (dilationHeight, dilationWidth) = (UInt32(height.dilation), UInt32(width.dilation))
    let weights = unsafe filter.bytes.baseAddress
    let sums = unsafe bias?.bytes.baseAddress
    switch arithmetic {
    case .float(let range):
      return unsafe xnn_create_convolution2d_nhwc_f32(
        top, right, bottom, left, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth,
        UInt32(groups), groupInputChannels, groupOutputChannels, inputStride, outputStride,
        weights.assumingMemoryBound(to: Float.self), sums?.assumingMemoryBound(to: Float.self), range.lowerBound,
        range.upperBound, flags, handle)
    case .half(let range):
      return unsafe xnn_create_convolution2d_nhwc_f16(
        top, right, bottom, left, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth,
        UInt32(groups), groupInputChannels, groupOutputChannels, inputStride, outputStride, weights, sums,
        range.lowerBound, range.upperBound, flags, handle)
    case .int8(let quantized, let filterScale):
      return unsafe xnn_create_convolution2d_nhwc_qs8(
        top, right, bottom, left, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth,
        UInt32(groups), groupInputChannels, groupOutputChannels, inputStride, outputStride,
        quantized.input.int8ZeroPoint, quantized.input.scale, filterScale, weights.assumingMemoryBound(to: Int8.self),
        sums?.assumingMemoryBound(to: Int32.self), quantized.output.int8ZeroPoint, quantized.output.scale,
        Int8(quantized.range.lowerBound), Int8(quantized.range.upperBound), flags, handle)
    case .int8PerChannel(let quantized, let filterScales):
      return unsafe xnn_create_convolution2d_nhwc_qc8(
        top, right, bottom, left, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth,
        UInt32(groups), groupInputChannels, groupOutputChannels, inputStride, outputStride,
        quantized.input.int8ZeroPoint, quantized.input.scale, filterScales, weights.assumingMemoryBound(to: Int8.self),
        sums?.assumingMemoryBound(to: Int32.self), quantized.output.int8ZeroPoint, quantized.output.scale,
        Int8(quantized.range.lowerBound), Int8(quantized.range.upperBound), flags, handle)
    case .uint8(let quantized, let filterScale, let filterZeroPoint):
      return unsafe xnn_create_convolution2d_nhwc_qu8(
        top, right, bottom, left, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth,
        UInt32(groups), groupInputChannels, groupOutputChannels, inputStride, outputStride,
        quantized.input.uint8ZeroPoint, quantized.input.scale, filterZeroPoint, filterScale,
        weights.assumingMemoryBound(to: UInt8.self), sums?.assumingMemoryBound(to: Int32.self),
        quantized.output.uint8ZeroPoint, quantized.output.scale, UInt8(quantized.range.lowerBound),
        UInt8(quantized.range.upperBound), flags, handle)
    }
  }

  private func setUp(_ handle: xnn_operator_t, _ at: OperatorPlan.Addresses) -> xnn_status {
    let input = unsafe at.inputs[0]
    let output = unsafe at.output
    switch arithmetic {
    case .float:
      return unsafe xnn_setup_convolution2d_nhwc_f32(
        handle, batch, height.input, width.input, input.assumingMemoryBound(to: Float.self),
        output.assumingMemoryBound(to: Float.self), at.threadPool)
    case .half:
      return unsafe xnn_setup_convolution2d_nhwc_f16(
        handle, batch, height.input, width.input, input, output, at.threadPool)
    case .int8:
      return unsafe xnn_setup_convolution2d_nhwc_qs8(
        handle, batch, height.input, width.input, input.assumingMemoryBound(to: Int8.self),
        output.assumingMemoryBound(to: Int8.self), at.threadPool)
    case .int8PerChannel:
      return unsafe xnn_setup_convolution2d_nhwc_qc8(
        handle, batch, height.input, width.input, input.assumingMemoryBound(to: Int8.self),
        output.assumingMemoryBound(to: Int8.self), at.threadPool)
    case .uint8:
      return unsafe xnn_setup_convolution2d_nhwc_qu8(
        handle, batch, height.input, width.input, input.assumingMemoryBound(to: UInt8.self),
        output.assumingMemoryBound(to: UInt8.self), at.threadPool)
    }
  }
}
