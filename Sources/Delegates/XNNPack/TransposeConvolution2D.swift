internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `TRANSPOSE_CONV`: constant `float32` or `float16` filters, or `int8` or `uint8` ones with one scale.
  static func plan(_ operation: TransposeConv, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    return try transposeConvolution(
      operands, image: 2, bias: try operands.optionalInput(3) == nil ? nil : 3, isSame: operation.padding == .same,
      stride: (Int(operation.strideHeight), Int(operation.strideWidth)), activation: operation.activation)
  }

  /// `Convolution2DTransposeBias`: constant `float32` filters and bias.
  static func plan(_ operation: Convolution2DTransposeBias, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let input = try operands.input(0).type
    guard input.element == .float32 else { throw Refusal("\(input.element) images have no kernel; float32 ones have") }
    return try transposeConvolution(
      operands, image: 0, bias: 2, isSame: operation.padding == .same,
      stride: (Int(operation.strideHeight), Int(operation.strideWidth)), activation: .none)
  }

  /// A transposed convolution of input `image` with the filter that is input 1.
  private static func transposeConvolution(
    _ operands: NodeOperands, image: Int, bias: Int?, isSame: Bool, stride: (height: Int, width: Int),
    activation: FusedActivation
  ) throws(Refusal) -> OperatorPlan {
    let input = try operands.input(image).type
    let filter = try operands.input(1).type
    let output = try operands.output()
    guard input.shape.rank == 4, filter.shape.rank == 4, output.type.shape.rank == 4,
      filter.shape[3] == input.shape[3], output.type.shape[3] == filter.shape[0],
      output.type.shape[0] == input.shape[0]
    else { throw Refusal("filter \(filter) does not fit input \(input) and output \(output.type)") }
    var biasType: TensorType?
    if let bias { biasType = try operands.input(bias).type }
    let arithmetic = try ProductArithmetic(
      input: input, filter: filter, bias: biasType, output: output.type, channels: filter.shape[0], axis: 0,
      activation: activation)
    if case .int8PerChannel = arithmetic {
      throw Refusal("transposed convolution with a filter scale per output channel has no kernel in this library")
    }
    let plan = TransposeConvolutionPlan(
      batch: input.shape[0],
      height: try TransposedWindow(
        "height", input: input.shape[1], kernel: filter.shape[1], stride: stride.height, isSame: isSame,
        output: output.type.shape[1]),
      width: try TransposedWindow(
        "width", input: input.shape[2], kernel: filter.shape[2], stride: stride.width, isSame: isSame,
        output: output.type.shape[2]),
      inputChannels: input.shape[3], outputChannels: filter.shape[0],
      filter: try operands.weights(1, "the filter"),
      bias: bias == nil ? nil : try operands.weights(bias ?? 0, "the bias"), arithmetic: arithmetic)
    return unsafe OperatorPlan(
      name: operands.node.name, inputs: [try operands.source(image)], output: output.tensor,
      action: .run(create: { unsafe plan.create($0) }, setUp: { unsafe plan.setUp($0, $1) }), packing: plan.packing)
  }
}

/// One dimension of a transposed convolution: what is cut off before and after, and added behind, so that the output has the size asked for.
struct TransposedWindow {
  let input: Int
  let kernel: Int
  let stride: Int
  let before: Int
  let after: Int
  let adjustment: Int

  init(_ dimension: String, input: Int, kernel: Int, stride: Int, isSame: Bool, output: Int) throws(Refusal) {
    for (what, value) in [("input", input), ("filter", kernel), ("stride", stride), ("output", output)] {
      guard value > 0, value < 1 << 24 else {
        throw Refusal("the \(what)'s \(dimension), \(value), is not from 1 to \((1 << 24) - 1)")
      }
    }
    var before = 0
    if isSame {
      let positions = (output + stride - 1) / stride
      before = max(0, (positions - 1) * stride + kernel - output) / 2
    }
    let excess = (input - 1) * stride + kernel - before - output
    guard -excess < stride, excess < 1 << 31 else {
      throw Refusal(
        "the output's \(dimension), \(output), is too large for input \(input), filter \(kernel) and stride \(stride)")
    }
    guard excess < kernel else {
      throw Refusal("the output's \(dimension), \(output), leaves inputs without effect")
    }
    self.input = input
    self.kernel = kernel
    self.stride = stride
    self.before = before
    after = max(excess, 0)
    adjustment = max(-excess, 0)
    let (pointers, overflow) = kernel.multipliedReportingOverflow(by: output + stride)
    guard !overflow, pointers <= 1 << 26 else { throw Refusal("the output's \(dimension), \(output), is too large") }
  }
}

private struct TransposeConvolutionPlan {
  let batch: Int
  let height: TransposedWindow
  let width: TransposedWindow
  let inputChannels: Int
  let outputChannels: Int
  let filter: Constant
  let bias: Constant?
  let arithmetic: ProductArithmetic

  /// Everything that ``create(_:)`` reads; neither batch nor size of the image.
  var packing: OperatorKey {
    let windows = [height, width].flatMap { [$0.before, $0.after, $0.kernel, $0.stride] }
    return OperatorKey(
      .transposeConvolution, numbers: windows + [inputChannels, outputChannels], arithmetic: arithmetic,
      constants: [filter, bias])
  }

  func create(_ handle: UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status {
    let (top, bottom) = (UInt32(height.before), UInt32(height.after))
    let (left, right) = (UInt32(width.before), UInt32(width.after))
    let (kernelHeight, kernelWidth) = (UInt32(height.kernel), UInt32(width.kernel))
    let (strideHeight, strideWidth) = (UInt32(height.stride), UInt32(width.stride))
    let weights = unsafe filter.bytes.baseAddress
    let sums = unsafe bias?.bytes.baseAddress
    switch arithmetic {
    case .float(let range):
      return unsafe xnn_create_deconvolution2d_nhwc_f32(
        top, right, bottom, left, kernelHeight, kernelWidth, strideHeight, strideWidth, 1, 1, 1, inputChannels,
        outputChannels, inputChannels, outputChannels, weights.assumingMemoryBound(to: Float.self),
        sums?.assumingMemoryBound(to: Float.self), range.lowerBound, range.upperBound, 0, handle)
    case .half(let range):
      return unsafe xnn_create_deconvolution2d_nhwc_f16(
        top, right, bottom, left, kernelHeight, kernelWidth, strideHeight, strideWidth, 1, 1, 1, inputChannels,
        outputChannels, inputChannels, outputChannels, weights, sums, range.lowerBound, range.upperBound, 0, handle)
    case .int8(let quantized, let scale):
      return unsafe xnn_create_deconvolution2d_nhwc_qs8(
        top, right, bottom, left, kernelHeight, kernelWidth, strideHeight, strideWidth, 1, 1, 1, inputChannels,
        outputChannels, inputChannels, outputChannels, quantized.input.int8ZeroPoint, quantized.input.scale, scale,
        weights.assumingMemoryBound(to: Int8.self), sums?.assumingMemoryBound(to: Int32.self),
        quantized.output.int8ZeroPoint, quantized.output.scale, Int8(quantized.range.lowerBound),
        Int8(quantized.range.upperBound), 0, handle)
    case .uint8(let quantized, let scale, let zeroPoint):
      return unsafe xnn_create_deconvolution2d_nhwc_qu8(
        top, right, bottom, left, kernelHeight, kernelWidth, strideHeight, strideWidth, 1, 1, 1, inputChannels,
        outputChannels, inputChannels, outputChannels, quantized.input.uint8ZeroPoint, quantized.input.scale,
        zeroPoint, scale, weights.assumingMemoryBound(to: UInt8.self), sums?.assumingMemoryBound(to: Int32.self),
        quantized.output.uint8ZeroPoint, quantized.output.scale, UInt8(quantized.range.lowerBound),
        UInt8(quantized.range.upperBound), 0, handle)
    case .int8PerChannel: return xnn_status_unsupported_parameter
    }
  }

  func setUp(_ handle: xnn_operator_t, _ at: OperatorPlan.Addresses) -> xnn_status {
    let input = unsafe at.inputs[0]
    let output = unsafe at.output
    let (adjustHeight, adjustWidth) = (UInt32(height.adjustment), UInt32(width.adjustment))
    switch arithmetic {
    case .float:
      return unsafe xnn_setup_deconvolution2d_nhwc_f32(
        handle, batch, height.input, width.input, adjustHeight, adjustWidth,
        input.assumingMemoryBound(to: Float.self), output.assumingMemoryBound(to: Float.self), at.threadPool)
    case .half:
      return unsafe xnn_setup_deconvolution2d_nhwc_f16(
        handle, batch, height.input, width.input, adjustHeight, adjustWidth, input, output, at.threadPool)
    case .int8:
      return unsafe xnn_setup_deconvolution2d_nhwc_qs8(
        handle, batch, height.input, width.input, adjustHeight, adjustWidth, input.assumingMemoryBound(to: Int8.self),
        output.assumingMemoryBound(to: Int8.self), at.threadPool)
    case .uint8:
      return unsafe xnn_setup_deconvolution2d_nhwc_qu8(
        handle, batch, height.input, width.input, adjustHeight, adjustWidth,
        input.assumingMemoryBound(to: UInt8.self), output.assumingMemoryBound(to: UInt8.self), at.threadPool)
    case .int8PerChannel: return xnn_status_unsupported_parameter
    }
  }
}
