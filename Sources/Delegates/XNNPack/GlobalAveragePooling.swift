internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `MEAN` over neighbouring dimensions with more dimensions behind them, as the mean over height and width of an image: `float32`,
  /// `float16` (sums are rounded to it), `int8`, `uint8`.
  static func plan(_ operation: Mean, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let input = try operands.input(0).type
    let output = try operands.output()
    let shape = input.shape
    var axes: Set<Int> = []
    for value in try operands.integers(1, "the axes") {
      guard let axis = shape.axis(value) else { throw Refusal("axis \(value) is outside of rank \(shape.rank)") }
      // A dimension of one element has nothing to average.
      if shape[axis] > 1 { axes.insert(axis) }
    }
    guard let first = axes.min(), let last = axes.max(), last - first + 1 == axes.count else {
      throw Refusal("axes \(axes.sorted()) are not one run of dimensions")
    }
    let batch = shape.product(0..<first)
    let count = shape.product(first..<last + 1)
    let channels = shape.product(last + 1..<shape.rank)
    guard channels > 1 else {
      throw Refusal("a mean over the last dimension has no kernel in this library; one over height and width has")
    }
    guard channels <= maximumMeanChannels else {
      throw Refusal("\(channels) channels; \(maximumMeanChannels) are taken")
    }
    guard count < 1 << 23 else { throw Refusal("a mean of \(count) elements; \((1 << 23) - 1) are taken") }
    guard output.type.shape.elementCount == batch * channels, output.type.element == input.element else {
      throw Refusal("output \(output.type) does not hold \(batch) times \(channels) means of \(input.element)")
    }

    func plan(
      create: @escaping (UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status,
      setUp: @escaping (xnn_operator_t, OperatorPlan.Addresses) -> xnn_status
    ) throws(Refusal) -> OperatorPlan {
      unsafe OperatorPlan(
        name: node.name, inputs: [try operands.source(0)], output: output.tensor,
        action: .run(create: create, setUp: setUp))
    }

    switch input.element {
    case .float32:
      return unsafe try plan(
        create: { handle in
          unsafe xnn_create_global_average_pooling_nwc_f32(
            channels, channels, channels, -Float.infinity, Float.infinity, 0, handle)
        },
        setUp: { handle, at in
          unsafe xnn_setup_global_average_pooling_nwc_f32(
            handle, batch, count, at.inputs[0].assumingMemoryBound(to: Float.self),
            at.output.assumingMemoryBound(to: Float.self), at.threadPool)
        })
    case .float16:
      try XNNPackLibrary.requireHalf()
      return unsafe try plan(
        create: { handle in
          unsafe xnn_create_global_average_pooling_nwc_f16(
            channels, channels, channels, -Float.infinity, Float.infinity, 0, handle)
        },
        setUp: { handle, at in
          unsafe xnn_setup_global_average_pooling_nwc_f16(
            handle, batch, count, at.inputs[0], at.output, at.threadPool)
        })
    case .int8, .uint8:
      let x = try TensorQuantization(input, "the input")
      let y = try TensorQuantization(output.type, "the output")
      try TensorQuantization.check(ratio: x.scale / y.scale, in: 0x1p-8..<256, "the input's scale / the output's")
      if input.element == .int8 {
        return unsafe try plan(
          create: { handle in
            unsafe xnn_create_global_average_pooling_nwc_qs8(
              channels, channels, channels, x.int8ZeroPoint, x.scale, y.int8ZeroPoint, y.scale, -128, 127, 0, handle)
          },
          setUp: { handle, at in
            unsafe xnn_setup_global_average_pooling_nwc_qs8(
              handle, batch, count, at.inputs[0].assumingMemoryBound(to: Int8.self),
              at.output.assumingMemoryBound(to: Int8.self), at.threadPool)
          })
      }
      return unsafe try plan(
        create: { handle in
          unsafe xnn_create_global_average_pooling_nwc_qu8(
            channels, channels, channels, x.uint8ZeroPoint, x.scale, y.uint8ZeroPoint, y.scale, 0, 255, 0, handle)
        },
        setUp: { handle, at in
          unsafe xnn_setup_global_average_pooling_nwc_qu8(
            handle, batch, count, at.inputs[0].assumingMemoryBound(to: UInt8.self),
            at.output.assumingMemoryBound(to: UInt8.self), at.threadPool)
        })
    default: throw Refusal("\(input.element) means have no kernel; float32, float16, int8 and uint8 have")
    }
  }

  /// The library keeps one sum per channel on the stack.
  private static let maximumMeanChannels = 32768
}
