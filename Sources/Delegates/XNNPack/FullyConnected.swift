internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `FULLY_CONNECTED`: constant `float32`, `float16`, `int8` or `uint8` weights `[units, depth]`. Weights with a scale per unit run as a convolution
  /// with 1x1 filters, because the library's own operator takes one scale.
  static func plan(_ operation: Kernels.FullyConnected, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let input = try operands.input(0).type
    let weights = try operands.input(1).type
    let bias = try operands.optionalInput(2)
    let output = try operands.output()
    guard weights.shape.rank == 2 else { throw Refusal("the weights \(weights) must have rank 2") }
    let units = weights.shape[0]
    let depth = weights.shape[1]
    guard depth > 0, input.shape.elementCount % depth == 0 else {
      throw Refusal("input \(input) has no rows of \(depth) elements")
    }
    let rows = input.shape.elementCount / depth
    let (results, overflow) = rows.multipliedReportingOverflow(by: units)
    guard !overflow, output.type.shape.elementCount == results else {
      throw Refusal("output \(output.type) is not \(rows) rows of \(units) elements")
    }
    let arithmetic = try ProductArithmetic(
      input: input, filter: weights, bias: bias?.type, output: output.type, channels: units, axis: 0,
      activation: operation.activation)
    let filter = try operands.weights(1, "the weights")
    let sums = bias == nil ? nil : try operands.weights(2, "the bias")
    let source = try operands.source(0)
    if case .int8PerChannel = arithmetic {
      let one = try SpatialWindow("size", input: 1, kernel: 1, stride: 1, isSame: false, expectedOutput: 1)
      let plan = ConvolutionPlan(
        batch: rows, height: one, width: one, groups: 1, groupInputChannels: depth, groupOutputChannels: units,
        isDepthwise: false, filter: filter, bias: sums, arithmetic: arithmetic)
      try plan.check()
      return plan.plan(node.name, input: source, output: output.tensor)
    }
    let plan = FullyConnectedPlan(
      rows: rows, units: units, depth: depth, filter: filter, bias: sums, arithmetic: arithmetic)
    return unsafe OperatorPlan(
      name: node.name, inputs: [source], output: output.tensor,
      action: .run(create: { unsafe plan.create($0) }, setUp: { unsafe plan.setUp($0, $1) }),
      packing: OperatorKey(
        .fullyConnected, numbers: [units, depth], arithmetic: arithmetic, constants: [filter, sums]))
  }
}

/// The product of `rows` rows with weights `[units, depth]`.
private struct FullyConnectedPlan {
  let rows: Int
  let units: Int
  let depth: Int
  let filter: Constant
  let bias: Constant?
  let arithmetic: ProductArithmetic

  func create(_ handle: UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status {
    let weights = unsafe filter.bytes.baseAddress
    let sums = unsafe bias?.bytes.baseAddress
    switch arithmetic {
    case .float(let range):
      return unsafe xnn_create_fully_connected_nc_f32(
        depth, units, depth, units, weights.assumingMemoryBound(to: Float.self),
        sums?.assumingMemoryBound(to: Float.self), range.lowerBound, range.upperBound, 0, handle)
    case .half(let range):
      return unsafe xnn_create_fully_connected_nc_f16(
        depth, units, depth, units, weights, sums, range.lowerBound, range.upperBound, 0, handle)
    case .int8(let quantized, let scale):
      return unsafe xnn_create_fully_connected_nc_qs8(
        depth, units, depth, units, quantized.input.int8ZeroPoint, quantized.input.scale, scale,
        weights.assumingMemoryBound(to: Int8.self), sums?.assumingMemoryBound(to: Int32.self),
        quantized.output.int8ZeroPoint, quantized.output.scale, Int8(quantized.range.lowerBound),
        Int8(quantized.range.upperBound), 0, handle)
    case .uint8(let quantized, let scale, let zeroPoint):
      return unsafe xnn_create_fully_connected_nc_qu8(
        depth, units, depth, units, quantized.input.uint8ZeroPoint, quantized.input.scale, zeroPoint, scale,
        weights.assumingMemoryBound(to: UInt8.self), sums?.assumingMemoryBound(to: Int32.self),
        quantized.output.uint8ZeroPoint, quantized.output.scale, UInt8(quantized.range.lowerBound),
        UInt8(quantized.range.upperBound), 0, handle)
    case .int8PerChannel: return xnn_status_unsupported_parameter
    }
  }

  func setUp(_ handle: xnn_operator_t, _ at: OperatorPlan.Addresses) -> xnn_status {
    let input = unsafe at.inputs[0]
    let output = unsafe at.output
    switch arithmetic {
    case .float:
      return unsafe xnn_setup_fully_connected_nc_f32(
        handle, rows, input.assumingMemoryBound(to: Float.self), output.assumingMemoryBound(to: Float.self),
        at.threadPool)
    case .half:
      return unsafe xnn_setup_fully_connected_nc_f16(handle, rows, input, output, at.threadPool)
    case .int8:
      return unsafe xnn_setup_fully_connected_nc_qs8(
        handle, rows, input.assumingMemoryBound(to: Int8.self), output.assumingMemoryBound(to: Int8.self),
        at.threadPool)
    case .uint8:
      return unsafe xnn_setup_fully_connected_nc_qu8(
        handle, rows, input.assumingMemoryBound(to: UInt8.self), output.assumingMemoryBound(to: UInt8.self),
        at.threadPool)
    case .int8PerChannel: return xnn_status_unsupported_parameter
    }
  }
}
