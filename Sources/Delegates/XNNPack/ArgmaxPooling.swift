internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `MaxPoolingWithArgmax2D`: windows that neither overlap nor leave gaps, without padding and activation. Of equal elements that of
  /// the first column counts, where the built-in kernel takes that of the first row.
  static func plan(_ operation: MaxPoolingWithArgmax2D, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let input = try operands.input(0).type
    guard node.outputs.count == 2 else { throw Refusal("has \(node.outputs.count) outputs, not two") }
    let (output, places) = (try operands.output(0), try operands.output(1))
    let options = operation.options
    guard options.activation == .none else { throw Refusal("argmax pooling with an activation has no kernel") }
    guard input.element == .float32, output.type.element == .float32, places.type.element == .float32,
      output.type.shape == places.type.shape
    else { throw Refusal("input \(input), output \(output.type) and places \(places.type) must be float32") }
    let windows = try AdjoiningWindows(options, image: input.shape, pooled: output.type.shape)
    let isWhole =
      input.shape[1] == output.type.shape[1] * windows.height && input.shape[2] == output.type.shape[2] * windows.width
    guard options.padding == .valid || isWhole else {
      throw Refusal("argmax pooling with padding takes places outside of the image in this library")
    }
    let (batch, height, width, channels) = (input.shape[0], input.shape[1], input.shape[2], input.shape[3])
    let count = output.type.shape.elementCount
    return unsafe OperatorPlan(
      name: node.name, inputs: [try operands.source(0)], outputs: [output.tensor, places.tensor],
      action: .run(
        create: { handle in
          unsafe xnn_create_argmax_pooling2d_nhwc_f32(
            0, 0, 0, 0, UInt32(windows.height), UInt32(windows.width), channels, channels, channels, 0, handle)
        },
        setUp: { handle, at in
          unsafe xnn_setup_argmax_pooling2d_nhwc_f32(
            handle, batch, height, width, at.inputs[0].assumingMemoryBound(to: Float.self),
            at.outputs[0].assumingMemoryBound(to: Float.self), at.outputs[1].assumingMemoryBound(to: UInt32.self),
            at.threadPool)
        },
        after: { at in
          // The library's places are integers that go down the columns.
          let (rows, columns) = (UInt32(windows.height), UInt32(windows.width))
          for index in 0..<count {
            let place = unsafe at.outputs[1].load(fromByteOffset: 4 * index, as: UInt32.self)
            let own = place % rows * columns + place / rows
            unsafe at.outputs[1].storeBytes(of: Float(own) + 0.1, toByteOffset: 4 * index, as: Float.self)
          }
        }))
  }
}

/// Windows of a pooling that lie side by side.
struct AdjoiningWindows {
  let height: Int
  let width: Int

  /// - Parameters:
  ///   - image, pooled: shapes of the image and of what has one pixel for each window.
  init(_ options: PoolingStructure, image: Shape, pooled: Shape) throws(Refusal) {
    guard image.rank == 4, pooled.rank == 4, image[0] == pooled[0], image[3] == pooled[3] else {
      throw Refusal("an image \(image) and its pooled form \(pooled) do not belong together")
    }
    guard options.height == Int(options.strideHeight), options.width == Int(options.strideWidth) else {
      throw Refusal("windows that overlap or leave gaps have no kernel")
    }
    guard options.height < 1 << 12, options.width < 1 << 12, options.height * options.width > 1 else {
      throw Refusal("windows of \(options.height)x\(options.width) elements have no kernel")
    }
    guard pooled[1] <= 1 << 24, pooled[2] <= 1 << 24, pooled[1] * options.height <= image[1],
      pooled[2] * options.width <= image[2],
      pooled[1] == image[1] / options.height, pooled[2] == image[2] / options.width
    else { throw Refusal("windows do not lead from an image \(image) to \(pooled)") }
    // The library keeps a pointer for each element of each window.
    let (pointers, overflow) = (image[1] * options.width).multipliedReportingOverflow(by: image[2] * options.height)
    guard !overflow, pointers <= SpatialWindow.maximumIndirectionBytes / 8 else {
      throw Refusal("an image \(image) has too many windows")
    }
    height = options.height
    width = options.width
  }
}
