internal import CKernels
internal import FlatBuffers
internal import Glibc
internal import TensorTypes

/// The sizes of a three-dimensional convolution over tensors `[batch, depth, height, width, channels]`.
struct VolumetricGeometry: Sendable {
  let batch: Int
  let depth: SlidingWindow
  let height: SlidingWindow
  let width: SlidingWindow
  let inputChannels: Int
  let outputChannels: Int

  /// Rows of the matrix product, one for each window.
  var rows: Int { batch * depth.output * height.output * width.output }
  /// Elements under a window.
  var taps: Int { depth.kernel * height.kernel * width.kernel * inputChannels }

  /// Whether every window is one input position, and all of them in order.
  var isPointwise: Bool {
    [depth, height, width].allSatisfy { $0.kernel == 1 && $0.stride == 1 }
  }
}

/// The operands and options that `CONV_3D` and `CONV_3D_TRANSPOSE` have in common.
struct VolumetricOptions: Sendable {
  let padding: WindowPadding
  let strides: (depth: Int32, height: Int32, width: Int32)
  let dilations: (depth: Int32, height: Int32, width: Int32)
  let activation: FusedActivation

  init(_ options: OperatorOptions) throws(OperatorError) {
    padding = try WindowPadding(options, slot: 0)
    strides = (try options.int32(1), try options.int32(3), try options.int32(2))
    activation = try FusedActivation(options, slot: 4)
    dilations = (
      try options.int32(5, default: 1), try options.int32(7, default: 1), try options.int32(6, default: 1)
    )
  }

  /// The windows that slide over a volume.
  func windows(
    over volume: Shape, kernel: Shape
  ) throws(OperatorError) -> (depth: SlidingWindow, height: SlidingWindow, width: SlidingWindow) {
    (
      try SlidingWindow(
        "depth", input: volume[1], kernel: kernel[0], stride: strides.depth, dilation: dilations.depth,
        padding: padding),
      try SlidingWindow(
        "height", input: volume[2], kernel: kernel[1], stride: strides.height, dilation: dilations.height,
        padding: padding),
      try SlidingWindow(
        "width", input: volume[3], kernel: kernel[2], stride: strides.width, dilation: dilations.width,
        padding: padding)
    )
  }

  /// Checks that operands are `float32`, and that a bias has an element per output channel.
  func check(_ node: NodeContext, inputs: [Int], bias: Int, channels: Int) throws(OperatorError) {
    for index in inputs {
      let type = try node.input(index)
      guard type.element == .float32 else { throw .unsupported("\(type.element) input; float32 is supported") }
    }
    try node.expectOutput(.float32)
    if let type = node.optionalInput(bias) {
      guard type.element == .float32, type.shape.elementCount == channels else {
        throw .malformed("the bias \(type) does not have one float32 for each of \(channels) output channels")
      }
    }
    _ = try activation.floatRange()
  }
}

/// Bytes of intermediate values that a worker keeps, which stay in the second-level cache. One row may need more.
private let workingBytes = 1 << 18

/// `CONV_3D` on the C kernels: the windows of some output positions become the rows of a matrix in scratch, which is multiplied with the
/// packed filters. Inputs: volume 0, filters 1 as `[taps][output channels]`, bias 2.
@safe struct VolumetricConvolution: Sendable {
  private let geometry: VolumetricGeometry
  private let packing: FloatPacking
  private let packed: SharedBytes?
  private let bias: Int?
  private let range: ClosedRange<Float>
  /// Rows of one matrix in scratch.
  private let chunk: Int
  private let threads: Int

  /// - Returns: nil when there are no C kernels.
  init?(
    _ node: NodeContext, geometry: VolumetricGeometry, bias: Int?, range: ClosedRange<Float>
  ) throws(OperatorError) {
    guard let kernels = Microkernels.current else { return nil }
    self.geometry = geometry
    self.bias = bias
    self.range = range
    threads = node.threads
    packing = FloatPacking(
      kernels: kernels, groups: 1, columns: geometry.outputChannels, depth: geometry.taps, isTransposed: true)
    packed = try packing.packed(node, weights: 1, bias: bias)
    let tile = unsafe kernels.table.pointee.f32_tile_rows
    let fitting = workingBytes / (4 * geometry.taps)
    let fair = (geometry.rows + 4 * node.threads - 1) / (4 * node.threads)
    let wanted = max(1, min(fitting, fair))
    chunk = wanted < tile ? min(wanted, geometry.rows) : wanted / tile * tile
  }

  func kernel() -> Kernel {
    let (rows, taps, columns) = (geometry.rows, geometry.taps, geometry.outputChannels)
    let matrix = tflk_gemm_geometry(chunk, columns, taps, taps, columns)
    let workspace = unsafe withUnsafePointer(to: matrix) {
      unsafe aligned(packing.kernels.table.pointee.f32_scratch_bytes($0))
    }
    let windowBytes = geometry.isPointwise ? 0 : aligned(chunk * taps * 4)
    let sizes = [threads * workspace, threads * windowBytes, packed == nil ? packing.totalBytes : 0]
    return Kernel(scratch: sizes) { io throws(OperatorError) in
      if packed == nil {
        try io.forEachTile(packing.columnTiles, workers: threads) { tile, _ in
          guard let source = unsafe io.inputBytes(1).bindMemory(to: Float.self).baseAddress,
            let target = unsafe io.scratchBytes(2).baseAddress
          else { return }
          unsafe packing.pack(
            tile: tile, weights: source,
            bias: bias.flatMap { unsafe io.inputBytes($0).bindMemory(to: Float.self).baseAddress }, into: target)
        }
      }
      try io.forEachTile((rows + chunk - 1) / chunk, workers: threads) { index, worker in
        let start = index * chunk
        let count = min(chunk, rows - start)
        guard let x = unsafe io.inputBytes(0).bindMemory(to: Float.self).baseAddress,
          let y = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress,
          let scratch = unsafe io.scratchBytes(0).baseAddress
        else { return }
        var left = unsafe x + (windowBytes > 0 ? 0 : start * taps)
        if windowBytes > 0, let windows = unsafe io.scratchBytes(1).baseAddress {
          let target = unsafe (windows + worker * windowBytes).assumingMemoryBound(to: Float.self)
          for row in 0..<count { unsafe copyWindow(start + row, x, target + row * taps) }
          unsafe left = UnsafePointer(target)
        }
        let w = unsafe packed?.baseAddress ?? UnsafeRawPointer(io.scratchBytes(2).baseAddress)
        // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes.
        unsafe withUnsafePointer(to: matrix) {
          unsafe packing.kernels.table.pointee.f32_conv(
            $0, left, nil, w, y + start * columns, 0, count, 0, packing.columnTiles, range.lowerBound,
            range.upperBound, scratch + worker * workspace)
        }
      }
    }
  }

  /// Copies what lies under a window, zero outside of the volume.
  private func copyWindow(_ row: Int, _ x: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
    let (depth, height, width) = (geometry.depth, geometry.height, geometry.width)
    let channels = geometry.inputChannels
    let left = width.origin(row % width.output)
    let top = height.origin(row / width.output % height.output)
    let front = depth.origin(row / width.output / height.output % depth.output)
    let volume = row / width.output / height.output / depth.output * depth.input
    let planes = depth.taps(origin: front)
    let lines = height.taps(origin: top)
    let columns = width.taps(origin: left)
    if planes.count * lines.count * columns.count * channels < geometry.taps {
      unsafe memset(target, 0, geometry.taps * 4)
    }
    for plane in planes {
      for line in lines {
        let from =
          ((volume + front + plane * depth.dilation) * height.input + top + line * height.dilation) * width.input + left
        let to = (plane * height.kernel + line) * width.kernel
        if width.dilation == 1 {
          let first = columns.lowerBound
          unsafe memcpy(target + (to + first) * channels, x + (from + first) * channels, columns.count * channels * 4)
          continue
        }
        for column in columns {
          unsafe memcpy(
            target + (to + column) * channels, x + (from + column * width.dilation) * channels, channels * 4)
        }
      }
    }
  }
}

extension VolumetricGeometry {
  /// `CONV_3D` by direct loops, for architectures without C kernels.
  func plainConvolution(bias: Int?, range: ClosedRange<Float>) -> Kernel {
    Kernel { io throws(OperatorError) in
      try io.forEachTile(of: tileSize(of: rows, operations: taps * outputChannels, picoseconds: 300), in: rows) {
        positions in
        let x = io.input(0, as: Float.self)
        for row in positions {
          var y = io.output(0, as: Float.self, in: row * outputChannels..<(row + 1) * outputChannels)
          for i in y.indices { y[i] = 0 }
          let left = width.origin(row % width.output)
          let top = height.origin(row / width.output % height.output)
          let front = depth.origin(row / width.output / height.output % depth.output)
          let volume = row / width.output / height.output / depth.output * depth.input
          for plane in depth.taps(origin: front) {
            for line in height.taps(origin: top) {
              for column in width.taps(origin: left) {
                let from =
                  ((volume + front + plane * depth.dilation) * height.input + top + line * height.dilation)
                  * width.input + left + column * width.dilation
                let tap = ((plane * height.kernel + line) * width.kernel + column) * inputChannels
                for channel in 0..<inputChannels {
                  let value = x[from * inputChannels + channel]
                  let first = (tap + channel) * outputChannels
                  let w = io.input(1, as: Float.self, in: first..<first + outputChannels)
                  precondition(w.count == y.count)
                  for i in w.indices { y[i] += value * w[i] }
                }
              }
            }
          }
          finish(io, &y, bias, range)
        }
      }
    }
  }

  /// Adds the bias and applies the activation to a span of whole output positions.
  @inline(__always)
  func finish(_ io: Operands, _ y: inout MutableSpan<Float>, _ bias: Int?, _ range: ClosedRange<Float>) {
    if let bias {
      let offsets = io.input(bias, as: Float.self)
      var start = 0
      while start < y.count {
        for i in 0..<outputChannels { y[start + i] += offsets[i] }
        start += outputChannels
      }
    }
    let (low, high) = (range.lowerBound, range.upperBound)
    for i in y.indices { y[i] = clamped(y[i], low, high) }
  }
}
