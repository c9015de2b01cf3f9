internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// Float transposed convolutions on the C kernels. Operands: weights 1, image 2, bias 3 if there is one, output 0.
@safe struct FloatTransposedConvolution: Sendable {
  private let geometry: TransposedGeometry
  /// One for each phase.
  private let packings: [FloatPacking]
  /// Where the packed weights of each phase begin, in bytes.
  private let offsets: [Int]
  private let packedBytes: Int
  private let hasBias: Bool
  /// Nil when weights are packed in each invocation.
  private let packed: SharedBytes?
  private let zeros: SharedBytes
  private let items: ProductItems
  private let threads: Int
  private let range: ClosedRange<Float>

  /// - Returns: nil when there are no C kernels for this.
  init?(_ node: NodeContext, geometry convolution: ConvolutionGeometry, hasBias: Bool, range: ClosedRange<Float>)
    throws(OperatorError)
  {
    guard let kernels = Microkernels.current,
      let geometry = TransposedGeometry(convolution, emptyTaps: 0)
    else { return nil }
    self.geometry = geometry
    self.hasBias = hasBias
    self.range = range
    threads = node.threads
    let packings = geometry.phases.map {
      FloatPacking(
        kernels: kernels, groups: 1, columns: geometry.outputChannels, depth: $0.taps * geometry.inputChannels)
    }
    var offsets = [0]
    for packing in packings { offsets.append(offsets[offsets.count - 1] + packing.groupBytes) }
    self.packings = packings
    self.offsets = offsets
    packedBytes = offsets[offsets.count - 1]
    zeros = try SharedBytes.zeroFloats(geometry.inputChannels)
    items = ProductItems(
      zip(geometry.phases, packings).map { phase, packing in
        packing.tiling(rows: phase.rows, threads: node.threads)
      })
    let bias = hasBias ? node.constant(3)?.bytes : nil
    guard let constant = node.constant(1)?.bytes, !hasBias || bias != nil else {
      packed = nil
      return
    }
    let weightBytes =
      convolution.outputChannels * convolution.inputChannels * 4 * geometry.kernelHeight * geometry.kernelWidth
    guard constant.count >= weightBytes, bias.map({ $0.count >= convolution.outputChannels * 4 }) ?? true else {
      throw .malformed("constant weights or bias have too few bytes for their shapes")
    }
    let key = "float transposed \(kernels.name) \(convolution)"
    let total = packedBytes
    packed = try node.packed(key, of: hasBias ? [1, 3] : [1]) { () throws(OperatorError) -> SharedBytes in
      let gathered = geometry.gatheredElements * 4
      return try unsafe SharedBytes.make(count: total, failure: { _ in OperatorError.outOfMemory(bytes: total) }) {
        target throws(OperatorError) in
        _ = try unsafe SharedBytes.make(
          count: gathered, failure: { _ in OperatorError.outOfMemory(bytes: gathered) }
        ) { buffer throws(OperatorError) in
          guard let to = target.baseAddress else { return }
          var position = 0
          for index in geometry.phases.indices {
            unsafe Self.pack(
              geometry, packings[index], index, weights: constant.baseAddress, bias: bias?.baseAddress,
              gathered: buffer.baseAddress.map { unsafe $0 + position }, into: to + offsets[index])
            position += geometry.phases[index].taps * geometry.outputChannels * geometry.inputChannels * 4
          }
        }
      }
    }
  }

  /// Gathers and packs the weights of one phase.
  private static func pack(
    _ geometry: TransposedGeometry, _ packing: FloatPacking, _ index: Int, weights: UnsafeRawPointer,
    bias: UnsafeRawPointer?, gathered: UnsafeMutableRawPointer?, into packed: UnsafeMutableRawPointer
  ) {
    // Of a phase without taps only the bias is packed.
    let gathered = unsafe gathered ?? packed
    for channel in 0..<geometry.outputChannels {
      unsafe geometry.gather(
        geometry.phases[index], channel: channel, from: weights, to: gathered + channel * packing.depth * 4, width: 4)
    }
    for tile in 0..<packing.columnTiles {
      unsafe packing.pack(
        tile: tile, weights: UnsafePointer(gathered.assumingMemoryBound(to: Float.self)),
        bias: bias.map { unsafe $0.assumingMemoryBound(to: Float.self) }, into: packed)
    }
  }

  func kernel() -> Kernel {
    var workspace = 0
    for phase in geometry.phases {
      let bytes = unsafe withUnsafePointer(to: phase.geometry) {
        unsafe aligned(packings[0].kernels.table.pointee.f32_scratch_bytes($0))
      }
      workspace = max(workspace, bytes)
    }
    let bytes = workspace
    var gatheredOffsets: [Int] = []
    var position = 0
    for packing in packings {
      gatheredOffsets.append(position)
      position += packing.columns * packing.depth * 4
    }
    let starts = gatheredOffsets
    let isComputed = packed == nil
    return Kernel(scratch: [threads * bytes, isComputed ? packedBytes : 0, isComputed ? max(position, 64) : 0]) {
      io throws(OperatorError) in
      if isComputed {
        try io.forEachTile(packings.count, workers: threads) { index, _ in
          guard let weights = unsafe io.inputBytes(1).baseAddress,
            let target = unsafe io.scratchBytes(1).baseAddress, let gathered = unsafe io.scratchBytes(2).baseAddress
          else { return }
          unsafe Self.pack(
            geometry, packings[index], index, weights: weights, bias: hasBias ? io.inputBytes(3).baseAddress : nil,
            gathered: gathered + starts[index], into: target + offsets[index])
        }
      }
      try io.forEachTile(items.count, workers: threads) { index, worker in
        let (product, rows, tiles) = items.item(index)
        guard let x = unsafe io.inputBytes(2).bindMemory(to: Float.self).baseAddress,
          let y = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress,
          let scratch = unsafe io.scratchBytes(0).baseAddress,
          let weights = unsafe packed?.baseAddress ?? UnsafeRawPointer(io.scratchBytes(1).baseAddress)
        else { return }
        let packing = packings[product]
        let phase = geometry.phases[product]
        // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes.
        unsafe withUnsafePointer(to: phase.geometry) { description in
          geometry.forEachLine(of: phase, rows: rows) { rows, element in
            unsafe packing.kernels.table.pointee.f32_conv(
              description, x, zeros.baseAddress.assumingMemoryBound(to: Float.self), weights + offsets[product],
              y + element, rows.lowerBound, rows.upperBound, tiles.lowerBound, tiles.upperBound, range.lowerBound,
              range.upperBound, scratch + worker * bytes)
          }
        }
      }
    }
  }
}
