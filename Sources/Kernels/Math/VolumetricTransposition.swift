internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// `CONV_3D_TRANSPOSE`. Seen backwards it is a convolution of the output, whose sizes are the geometry's: `depth.input` is the depth of the
/// output, `depth.output` that of the input, likewise the channels of each. Inputs: filters 1 as `[kernel depth][kernel height][kernel width]
/// [output channels][input channels]`, volume 2, bias 3.
///
/// Each line of the output is computed as a whole: every line of the input that reaches it is multiplied with a line of filters, and the
/// products are added where they belong.
@safe struct VolumetricTransposition: Sendable {
  /// Channels are those of the operator's input and output.
  private let geometry: VolumetricGeometry
  private let packing: FloatPacking?
  private let packed: SharedBytes?
  private let bias: Int?
  private let range: ClosedRange<Float>
  /// Input positions of one product.
  private let chunk: Int
  private let threads: Int

  init(
    _ node: NodeContext, geometry: VolumetricGeometry, bias: Int?, range: ClosedRange<Float>
  ) throws(OperatorError) {
    self.geometry = geometry
    self.bias = bias
    self.range = range
    threads = node.threads
    let columns = geometry.width.kernel * geometry.outputChannels
    chunk = max(1, min(geometry.width.output, (1 << 18) / (4 * columns)))
    guard let kernels = Microkernels.current else {
      packing = nil
      packed = nil
      return
    }
    let packing = FloatPacking(
      kernels: kernels, groups: geometry.depth.kernel * geometry.height.kernel, columns: columns,
      depth: geometry.inputChannels)
    self.packing = packing
    packed = try packing.packed(node, weights: 1, bias: nil)
  }

  func kernel() -> Kernel {
    let columns = geometry.width.kernel * geometry.outputChannels
    let productBytes = aligned(chunk * columns * 4)
    let lines = geometry.batch * geometry.depth.input * geometry.height.input
    let matrix = tflk_gemm_geometry(
      chunk, columns, geometry.inputChannels, geometry.inputChannels, columns)
    let workspace =
      packing.map { packing in
        unsafe withUnsafePointer(to: matrix) {
          unsafe aligned(packing.kernels.table.pointee.f32_scratch_bytes($0))
        }
      } ?? 0
    let isPacked = packed != nil || packing == nil
    let sizes = [threads * workspace, threads * productBytes, isPacked ? 0 : packing?.totalBytes ?? 0]
    return Kernel(scratch: sizes) { io throws(OperatorError) in
      if let packing, !isPacked {
        try io.forEachTile(packing.groups * packing.columnTiles, workers: threads) { tile, _ in
          guard let source = unsafe io.inputBytes(1).bindMemory(to: Float.self).baseAddress,
            let target = unsafe io.scratchBytes(2).baseAddress
          else { return }
          unsafe packing.pack(tile: tile, weights: source, bias: nil, into: target)
        }
      }
      try io.forEachTile(lines, workers: threads) { line, worker in
        let length = geometry.width.input * geometry.outputChannels
        var y = io.output(0, as: Float.self, in: line * length..<(line + 1) * length)
        for i in y.indices { y[i] = 0 }
        forEachSource(of: line) { group, source in
          var start = 0
          while start < geometry.width.output {
            if io.context.shouldStop { return }
            let count = min(chunk, geometry.width.output - start)
            let first = worker * productBytes / 4
            multiply(io, matrix, group, source + start, count, worker: worker, workspace: workspace, first: first)
            add(io, from: first, start, count, to: &y)
            start += count
          }
        }
        geometry.finish(io, &y, bias, range)
      }
    }
  }

  /// Calls `body` for each line of the input that reaches a line of the output: the line of filters that leads there, and the first position
  /// of the input line.
  @inline(__always)
  private func forEachSource(of line: Int, _ body: (_ group: Int, _ position: Int) -> Void) {
    let (depth, height) = (geometry.depth, geometry.height)
    let bottom = line % height.input + height.padding
    let back = line / height.input % depth.input + depth.padding
    let volume = line / height.input / depth.input * depth.output
    for plane in 0..<depth.kernel {
      let z = back - plane * depth.dilation
      guard z >= 0, z % depth.stride == 0, z / depth.stride < depth.output else { continue }
      for row in 0..<height.kernel {
        let y = bottom - row * height.dilation
        guard y >= 0, y % height.stride == 0, y / height.stride < height.output else { continue }
        body(
          plane * height.kernel + row,
          ((volume + z / depth.stride) * height.output + y / height.stride) * geometry.width.output)
      }
    }
  }

  /// Multiplies input positions with a line of filters into scratch.
  private func multiply(
    _ io: Operands, _ matrix: tflk_conv_geometry, _ group: Int, _ position: Int, _ count: Int, worker: Int,
    workspace: Int, first: Int
  ) {
    let (channels, columns) = (geometry.inputChannels, geometry.width.kernel * geometry.outputChannels)
    guard let packing else {
      var products = io.scratch(1, as: Float.self, in: first..<first + count * columns)
      for row in 0..<count {
        let x = io.input(2, as: Float.self, in: (position + row) * channels..<(position + row + 1) * channels)
        for column in 0..<columns {
          let start = (group * columns + column) * channels
          let w = io.input(1, as: Float.self, in: start..<start + channels)
          precondition(w.count == x.count)
          var sum: Float = 0
          for i in x.indices { sum += x[i] * w[i] }
          products[row * columns + column] = sum
        }
      }
      return
    }
    guard let x = unsafe io.inputBytes(2).bindMemory(to: Float.self).baseAddress,
      let products = unsafe io.scratchBytes(1).bindMemory(to: Float.self).baseAddress,
      let scratch = unsafe io.scratchBytes(0).baseAddress
    else { return }
    let w = unsafe packed?.baseAddress ?? UnsafeRawPointer(io.scratchBytes(2).baseAddress)
    // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes.
    unsafe withUnsafePointer(to: matrix) {
      unsafe packing.kernels.table.pointee.f32_conv(
        $0, x + position * channels, nil, w.map { unsafe $0 + group * packing.groupBytes }, products + first, 0, count,
        0, packing.columnTiles, -Float.infinity, Float.infinity, scratch + worker * workspace)
    }
  }

  /// Adds the products of `count` input positions of a line to a line of the output.
  @inline(__always)
  private func add(_ io: Operands, from first: Int, _ start: Int, _ count: Int, to y: inout MutableSpan<Float>) {
    let (width, channels) = (geometry.width, geometry.outputChannels)
    for position in 0..<count {
      let origin = width.origin(start + position)
      for tap in width.taps(origin: origin) {
        let source = first + (position * width.kernel + tap) * channels
        let products = io.scratch(1, as: Float.self, in: source..<source + channels)
        let target = (origin + tap * width.dilation) * channels
        for i in 0..<channels { y[target &+ i] += products[i] }
      }
    }
  }
}
