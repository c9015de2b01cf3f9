internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `RESIZE_BILINEAR`: `float32`, `float16`, `int8`, `uint8`.
  static func plan(_ operation: ResizeBilinear, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let input = try operands.input(0).type
    let output = try operands.output()
    guard input.shape.rank == 4, output.type.shape.rank == 4, input.element == output.type.element,
      input.shape[0] == output.type.shape[0], input.shape[3] == output.type.shape[3]
    else { throw Refusal("input \(input) and output \(output.type) do not belong to one resized image") }
    let (height, width) = (input.shape[1], input.shape[2])
    let (newHeight, newWidth) = (output.type.shape[1], output.type.shape[2])
    guard max(height, width, newHeight, newWidth) < 1 << 24 else {
      throw Refusal("images above 16777215 pixels wide or high")
    }
    // Four pointers and two weights for each new pixel.
    guard newHeight * newWidth <= SpatialWindow.maximumIndirectionBytes / 48 else {
      throw Refusal("an image of \(newHeight)x\(newWidth) is too large")
    }
    let flags: UInt32
    switch (operation.resizing.alignsCorners, operation.resizing.hasHalfPixelCenters) {
    case (true, true): throw Refusal("aligned corners and half pixel centres exclude each other")
    case (true, false): flags = UInt32(XNN_FLAG_ALIGN_CORNERS)
    case (false, true): flags = 0
    case (false, false): flags = UInt32(XNN_FLAG_TENSORFLOW_LEGACY_MODE)
    }
    let (batch, channels) = (input.shape[0], input.shape[3])
    let create: (UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status
    let setUp: (xnn_operator_t, OperatorPlan.Addresses) -> xnn_status
    switch input.element {
    case .float32:
      unsafe create = {
        unsafe xnn_create_resize_bilinear2d_nhwc_f32(channels, channels, channels, flags, $0)
      }
      unsafe setUp = { handle, at in
        unsafe xnn_setup_resize_bilinear2d_nhwc_f32(
          handle, batch, height, width, newHeight, newWidth, at.inputs[0].assumingMemoryBound(to: Float.self),
          at.output.assumingMemoryBound(to: Float.self), at.threadPool)
      }
    case .float16:
      try XNNPackLibrary.requireHalf()
      unsafe create = { unsafe xnn_create_resize_bilinear2d_nhwc_f16(channels, channels, channels, flags, $0) }
      unsafe setUp = { handle, at in
        unsafe xnn_setup_resize_bilinear2d_nhwc_f16(
          handle, batch, height, width, newHeight, newWidth, at.inputs[0], at.output, at.threadPool)
      }
    case .int8:
      try checkSameQuantization(input, output.type)
      unsafe create = { unsafe xnn_create_resize_bilinear2d_nhwc_s8(channels, channels, channels, flags, $0) }
      unsafe setUp = { handle, at in
        unsafe xnn_setup_resize_bilinear2d_nhwc_s8(
          handle, batch, height, width, newHeight, newWidth, at.inputs[0].assumingMemoryBound(to: Int8.self),
          at.output.assumingMemoryBound(to: Int8.self), at.threadPool)
      }
    case .uint8:
      try checkSameQuantization(input, output.type)
      unsafe create = { unsafe xnn_create_resize_bilinear2d_nhwc_u8(channels, channels, channels, flags, $0) }
      unsafe setUp = { handle, at in
        unsafe xnn_setup_resize_bilinear2d_nhwc_u8(
          handle, batch, height, width, newHeight, newWidth, at.inputs[0].assumingMemoryBound(to: UInt8.self),
          at.output.assumingMemoryBound(to: UInt8.self), at.threadPool)
      }
    default: throw Refusal("\(input.element) images have no kernel; float32, float16, int8 and uint8 have")
    }
    return unsafe OperatorPlan(
      name: node.name, inputs: [try operands.source(0)], output: output.tensor,
      action: .run(create: create, setUp: setUp))
  }

  /// Checks that bytes mean the same in input and output.
  static func checkSameQuantization(_ input: TensorType, _ output: TensorType) throws(Refusal) {
    guard input.quantization.scale == output.quantization.scale,
      input.quantization.zeroPoint == output.quantization.zeroPoint
    else { throw Refusal("input and output have different scales or zero points") }
  }
}
