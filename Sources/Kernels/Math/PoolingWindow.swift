internal import CKernels
internal import TensorTypes

/// The options that pooling operators have in common, and where their windows lie.
package struct PoolingOptions: Sendable, Hashable {
  /// The schema's `Padding`.
  package enum Padding: Int8, Sendable {
    case same = 0
    case valid = 1
  }

  package let padding: Padding
  package let strideWidth: Int
  package let strideHeight: Int
  package let filterWidth: Int
  package let filterHeight: Int
  package let activation: FusedActivation
  /// Positions around the image that windows reach and that count for nothing, in place of ``padding``.
  package var heightBorder: WindowBorder?
  package var widthBorder: WindowBorder?

  init(_ options: OperatorOptions) throws(OperatorError) {
    let raw = try options.int8(0)
    guard let padding = Padding(rawValue: raw) else { throw .malformed("\(raw) is not a padding") }
    self.padding = padding
    strideWidth = Int(try options.int32(1))
    strideHeight = Int(try options.int32(2))
    filterWidth = Int(try options.int32(3))
    filterHeight = Int(try options.int32(4))
    activation = try FusedActivation(options, slot: 5)
  }

  /// The windows along one dimension.
  struct Windows: Sendable {
    let count: Int
    /// Elements of padding before the first.
    let before: Int
    let size: Int
    let stride: Int
    let filter: Int

    /// The positions of window `index` that lie inside the input.
    @inline(__always)
    func window(_ index: Int) -> Range<Int> {
      let origin = index &* stride &- before
      let low = max(0, origin)
      return low..<max(low, min(size, origin &+ filter))
    }
  }

  private func windows(
    _ size: Int, filter: Int, stride: Int, border: WindowBorder?
  ) throws(OperatorError) -> Windows {
    guard stride > 0, filter > 0 else { throw .malformed("a window of \(filter) with stride \(stride)") }
    let reach = (border?.before ?? 0) + size + (border?.after ?? 0)
    let count = border == nil && padding == .same ? (size + stride - 1) / stride : (reach + stride - filter) / stride
    guard count >= 0, count <= Int(Int32.max) else {
      throw .malformed("a window of \(filter) does not fit \(reach) elements")
    }
    if let border { return Windows(count: count, before: border.before, size: size, stride: stride, filter: filter) }
    let total = max(0, (count - 1) * stride + filter - size)
    return Windows(count: count, before: count == 0 ? 0 : total / 2, size: size, stride: stride, filter: filter)
  }

  /// The windows over height and width of an NHWC tensor.
  func windows(_ input: Shape) throws(OperatorError) -> (height: Windows, width: Windows) {
    guard input.rank == 4 else {
      throw .malformed("rank \(input.rank); pooling takes [batch, height, width, channels]")
    }
    return (
      try windows(input[1], filter: filterHeight, stride: strideHeight, border: heightBorder),
      try windows(input[2], filter: filterWidth, stride: strideWidth, border: widthBorder)
    )
  }

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    try node.expectSameElement()
    let input = try node.input(0).shape
    let (height, width) = try windows(input)
    guard let shape = Shape([input[0], height.count, width.count, input[3]]) else {
      throw .malformed("the result's shape is not valid")
    }
    return [shape]
  }
}

/// What pooling does with the elements of a window. Conforming types are small values whose functions are inlined into the loops.
protocol PoolingFunction: Sendable {
  associatedtype Element: BitwiseCopyable
  associatedtype Accumulator: BitwiseCopyable
  /// The accumulator of no elements.
  var initial: Accumulator { get }
  func add(_ accumulator: Accumulator, _ element: Element) -> Accumulator
  /// The result of a window with `count` elements.
  func finish(_ accumulator: Accumulator, _ count: Int) -> Element
}

/// Pooling over windows of an NHWC tensor, a row of results at a time; all loops run over channels.
struct Pooling: Sendable {
  let rows: PoolingOptions.Windows
  let columns: PoolingOptions.Windows
  let batches: Int
  let channels: Int

  init(_ options: PoolingOptions, _ input: Shape) throws(OperatorError) {
    (rows, columns) = try options.windows(input)
    batches = input[0]
    channels = input[3]
  }

  /// The kernel of the greatest elements of windows, or of their means, between the bounds of the activation.
  ///
  /// - Throws: `unsupported` for inputs that are not `float32`, `int8`, `uint8` or `int16`.
  static func kernel(_ options: PoolingOptions, averages: Bool, _ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let pooling = try Pooling(options, input.shape)
    switch input.element {
    case .float32:
      let range = try options.activation.finiteRange(Float.self)
      return pooling.kernel(
        tflk_pooling(type: TFLK_FLOAT32, averages: averages, low: range.lowerBound, high: range.upperBound))
    case .int8, .uint8, .int16:
      let range = try options.activation.quantizedRange(try node.output(0))
      return pooling.kernel(
        tflk_pooling(
          type: tflk_type(quantized: input.element), averages: averages, low: Float(range.lowerBound),
          high: Float(range.upperBound)))
    default:
      throw .unsupported("\(input.element) input; float32, int8, uint8 and int16 are supported")
    }
  }

  /// Elements that a row of results looks at.
  var workPerRow: Int { columns.count * channels * min(rows.filter, rows.size) * min(columns.filter, columns.size) }

  /// Elements that scratch buffer 0 needs.
  var accumulators: Int { batches * rows.count * columns.count == 0 ? 0 : batches * rows.count * channels }

  /// The kernel of the C function.
  private func kernel(_ pooling: tflk_pooling) -> Kernel {
    let microkernels = Microkernels.best
    let geometry = tflk_conv_geometry(
      batch: batches, input_height: rows.size, input_width: columns.size, input_channels: channels,
      output_height: rows.count, output_width: columns.count, output_channels: channels, kernel_height: rows.filter,
      kernel_width: columns.filter, stride_height: rows.stride, stride_width: columns.stride, dilation_height: 1,
      dilation_width: 1, pad_top: rows.before, pad_left: columns.before, input_pixel_stride: channels,
      output_pixel_stride: channels)
    let grain = max(1, 131072 / max(workPerRow, 1))
    return Kernel { io throws(OperatorError) in
      guard geometry.output_width * geometry.output_channels > 0 else { return }
      try io.parallel(geometry.batch * geometry.output_height, grain: grain) { range in
        // Safety: operands have the bytes of their shapes, which the geometry was made from.
        unsafe withUnsafePointer(to: pooling) { pooling in
          unsafe withUnsafePointer(to: geometry) {
            unsafe microkernels.table.pointee.pool?(
              pooling, $0, io.inputBytes(0).baseAddress, io.outputBytes(0).baseAddress, range.lowerBound,
              range.upperBound)
          }
        }
      }
    }
  }

  /// The kernel that gives each result the function's value for its window.
  func kernel<Function: PoolingFunction>(_ function: Function) -> Kernel {
    Kernel(scratch: [accumulators * MemoryLayout<Function.Accumulator>.stride]) { io throws(OperatorError) in
      try run(io, function)
    }
  }

  private func run<Function: PoolingFunction>(_ io: Operands, _ function: Function) throws(OperatorError) {
    guard accumulators > 0 else { return }
    try io.parallel(batches * rows.count, grain: max(1, 16384 / max(workPerRow, 1))) { range in
      for row in range {
        let batch = row / rows.count
        let vertical = rows.window(row % rows.count)
        var accumulator = io.scratch(0, as: Function.Accumulator.self, in: row * channels..<(row + 1) * channels)
        for column in 0..<columns.count {
          let horizontal = columns.window(column)
          for i in accumulator.indices { accumulator[i] = function.initial }
          for y in vertical {
            for x in horizontal {
              let start = ((batch &* rows.size &+ y) &* columns.size &+ x) &* channels
              let values = io.input(0, as: Function.Element.self, in: start..<start &+ channels)
              precondition(values.count == accumulator.count)
              for i in values.indices { accumulator[i] = function.add(accumulator[i], values[i]) }
            }
          }
          let start = (row &* columns.count &+ column) &* channels
          var results = io.output(0, as: Function.Element.self, in: start..<start &+ channels)
          let count = vertical.count &* horizontal.count
          precondition(results.count == accumulator.count)
          for i in accumulator.indices { results[i] = function.finish(accumulator[i], count) }
        }
      }
    }
  }
}
