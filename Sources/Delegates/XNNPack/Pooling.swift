internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `AVERAGE_POOL_2D`: `float32`, and `uint8` without padding.
  static func plan(_ operation: AveragePool2D, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let plan = try PoolingPlan(operation.options, node)
    guard plan.channels <= PoolingPlan.maximumAveragedChannels else {
      throw Refusal("\(plan.channels) channels; \(PoolingPlan.maximumAveragedChannels) are taken")
    }
    switch plan.input.element {
    case .float32:
      let range = try TensorQuantization.range(operation.options.activation)
      return plan.average(range)
    case .uint8:
      guard plan.isUnpadded else {
        throw Refusal("uint8 average pooling with padding counts the padded elements in this library")
      }
      return try plan.average(TensorQuantization.range(operation.options.activation, plan.output))
    case .int8: throw Refusal("int8 average pooling has no kernel in this library; float32 and uint8 have")
    default: throw Refusal("\(plan.input.element) average pooling has no kernel; float32 and uint8 have")
    }
  }

  /// `MAX_POOL_2D`: `float32`, `float16`, `int8`, `uint8`.
  static func plan(_ operation: MaxPool2D, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let plan = try PoolingPlan(operation.options, node)
    let activation = operation.options.activation
    switch plan.input.element {
    case .float32: return plan.maximum(try TensorQuantization.range(activation))
    case .float16:
      try XNNPackLibrary.requireHalf()
      return plan.halfMaximum(try TensorQuantization.halfRange(activation))
    case .int8, .uint8:
      let input = try TensorQuantization(plan.input, "the input")
      guard try TensorQuantization(plan.output, "the output") == input else {
        throw Refusal("input and output have different scales or zero points")
      }
      return try plan.maximum(TensorQuantization.range(activation, plan.output))
    default: throw Refusal("\(plan.input.element) max pooling has no kernel; float32, float16, int8 and uint8 have")
    }
  }
}

/// What both kinds of pooling have in common.
private struct PoolingPlan {
  let name: String
  let source: OperatorPlan.Source
  let input: TensorType
  let output: TensorType
  let outputTensor: TensorID
  let batch: Int
  let height: SpatialWindow
  let width: SpatialWindow
  let channels: Int

  /// The library keeps one sum per channel on the stack.
  static let maximumAveragedChannels = 32768

  init(_ options: PoolingOptions, _ node: DelegateNode) throws(Refusal) {
    let operands = NodeOperands(node: node)
    let input = try operands.input(0).type
    let output = try operands.output()
    guard input.shape.rank == 4, output.type.shape.rank == 4, input.element == output.type.element else {
      throw Refusal("input \(input) and output \(output.type) must have rank 4 and one element type")
    }
    guard input.shape[0] == output.type.shape[0], input.shape[3] == output.type.shape[3] else {
      throw Refusal("input \(input) and output \(output.type) differ in batch or channels")
    }
    guard options.filterHeight * options.filterWidth > 1 else { throw Refusal("windows of one element have no kernel") }
    let isSame = options.padding == .same
    height = try SpatialWindow(
      "height", input: input.shape[1], kernel: options.filterHeight, stride: options.strideHeight, isSame: isSame,
      expectedOutput: output.type.shape[1])
    width = try SpatialWindow(
      "width", input: input.shape[2], kernel: options.filterWidth, stride: options.strideWidth, isSame: isSame,
      expectedOutput: output.type.shape[2])
    try SpatialWindow.checkIndirection(height, width)
    guard options.filterHeight * options.filterWidth < 1 << 24 else {
      throw Refusal("windows of \(options.filterHeight)x\(options.filterWidth) elements are too large")
    }
    name = node.name
    source = try operands.source(0)
    self.input = input
    self.output = output.type
    outputTensor = output.tensor
    batch = input.shape[0]
    channels = input.shape[3]
  }

  var isUnpadded: Bool { height.before + height.after + width.before + width.after == 0 }

  private func plan(
    create: @escaping (UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status,
    setUp: @escaping (xnn_operator_t, OperatorPlan.Addresses) -> xnn_status
  ) -> OperatorPlan {
    unsafe OperatorPlan(
      name: name, inputs: [source], output: outputTensor, action: .run(create: create, setUp: setUp))
  }

  func average(_ range: ClosedRange<Float>) -> OperatorPlan {
    unsafe plan(
      create: { handle in
        unsafe xnn_create_average_pooling2d_nhwc_f32(
          UInt32(height.before), UInt32(width.after), UInt32(height.after), UInt32(width.before),
          UInt32(height.kernel), UInt32(width.kernel), UInt32(height.stride), UInt32(width.stride), channels, channels,
          channels, range.lowerBound, range.upperBound, 0, handle)
      },
      setUp: { handle, at in
        unsafe xnn_setup_average_pooling2d_nhwc_f32(
          handle, batch, height.input, width.input, at.inputs[0].assumingMemoryBound(to: Float.self),
          at.output.assumingMemoryBound(to: Float.self), at.threadPool)
      })
  }

  func average(_ range: ClosedRange<Int>) throws(Refusal) -> OperatorPlan {
    let x = try TensorQuantization(input, "the input")
    let y = try TensorQuantization(output, "the output")
    guard x == y else { throw Refusal("input and output have different scales or zero points") }
    return unsafe plan(
      create: { handle in
        unsafe xnn_create_average_pooling2d_nhwc_qu8(
          UInt32(height.before), UInt32(width.after), UInt32(height.after), UInt32(width.before),
          UInt32(height.kernel), UInt32(width.kernel), UInt32(height.stride), UInt32(width.stride), channels, channels,
          channels, x.uint8ZeroPoint, x.scale, y.uint8ZeroPoint, y.scale, UInt8(range.lowerBound),
          UInt8(range.upperBound), 0, handle)
      },
      setUp: { handle, at in
        unsafe xnn_setup_average_pooling2d_nhwc_qu8(
          handle, batch, height.input, width.input, at.inputs[0].assumingMemoryBound(to: UInt8.self),
          at.output.assumingMemoryBound(to: UInt8.self), at.threadPool)
      })
  }

  func halfMaximum(_ range: ClosedRange<Float>) -> OperatorPlan {
    unsafe plan(
      create: { handle in
        unsafe xnn_create_max_pooling2d_nhwc_f16(
          UInt32(height.before), UInt32(width.after), UInt32(height.after), UInt32(width.before),
          UInt32(height.kernel), UInt32(width.kernel), UInt32(height.stride), UInt32(width.stride), 1, 1, channels,
          channels, channels, range.lowerBound, range.upperBound, 0, handle)
      },
      setUp: { handle, at in
        unsafe xnn_setup_max_pooling2d_nhwc_f16(
          handle, batch, height.input, width.input, at.inputs[0], at.output, at.threadPool)
      })
  }

  func maximum(_ range: ClosedRange<Float>) -> OperatorPlan {
    unsafe plan(
      create: { handle in
        unsafe xnn_create_max_pooling2d_nhwc_f32(
          UInt32(height.before), UInt32(width.after), UInt32(height.after), UInt32(width.before),
          UInt32(height.kernel), UInt32(width.kernel), UInt32(height.stride), UInt32(width.stride), 1, 1, channels,
          channels, channels, range.lowerBound, range.upperBound, 0, handle)
      },
      setUp: { handle, at in
        unsafe xnn_setup_max_pooling2d_nhwc_f32(
          handle, batch, height.input, width.input, at.inputs[0].assumingMemoryBound(to: Float.self),
          at.output.assumingMemoryBound(to: Float.self), at.threadPool)
      })
  }

  func maximum(_ range: ClosedRange<Int>) -> OperatorPlan {
    if input.element == .int8 {
      return unsafe plan(
        create: { handle in
          unsafe xnn_create_max_pooling2d_nhwc_s8(
            UInt32(height.before), UInt32(width.after), UInt32(height.after), UInt32(width.before),
            UInt32(height.kernel), UInt32(width.kernel), UInt32(height.stride), UInt32(width.stride), 1, 1, channels,
            channels, channels, Int8(range.lowerBound), Int8(range.upperBound), 0, handle)
        },
        setUp: { handle, at in
          unsafe xnn_setup_max_pooling2d_nhwc_s8(
            handle, batch, height.input, width.input, at.inputs[0].assumingMemoryBound(to: Int8.self),
            at.output.assumingMemoryBound(to: Int8.self), at.threadPool)
        })
    }
    return unsafe plan(
      create: { handle in
        unsafe xnn_create_max_pooling2d_nhwc_u8(
          UInt32(height.before), UInt32(width.after), UInt32(height.after), UInt32(width.before),
          UInt32(height.kernel), UInt32(width.kernel), UInt32(height.stride), UInt32(width.stride), 1, 1, channels,
          channels, channels, UInt8(range.lowerBound), UInt8(range.upperBound), 0, handle)
      },
      setUp: { handle, at in
        unsafe xnn_setup_max_pooling2d_nhwc_u8(
          handle, batch, height.input, width.input, at.inputs[0].assumingMemoryBound(to: UInt8.self),
          at.output.assumingMemoryBound(to: UInt8.self), at.threadPool)
      })
  }
}
