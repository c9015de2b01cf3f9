internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// Weights `[groups][columns][depth]` and a bias packed for the float kernels.
@safe struct FloatPacking: Sendable {
  let kernels: Microkernels
  let groups: Int
  let columns: Int
  let depth: Int
  /// Whether the weights of a group are stored `[depth][columns]`.
  var isTransposed = false

  var tileColumns: Int { unsafe kernels.table.pointee.f32_tile_columns }
  /// Column tiles of one group.
  var columnTiles: Int { (columns + tileColumns - 1) / tileColumns }
  /// Bytes of one group.
  var groupBytes: Int { unsafe aligned(kernels.table.pointee.f32_packed_bytes(columns, depth)) }
  var totalBytes: Int { groups * groupBytes }

  /// What storing one result and reading its operands costs, in multiplications.
  private static let operationsPerResult = 16

  /// How a product with so many rows is divided.
  func tiling(rows: Int, threads: Int) -> ProductTiling {
    ProductTiling(
      rows: rows, columnTiles: columnTiles, panelBytes: groupBytes / max(columnTiles, 1),
      operations: (depth + Self.operationsPerResult) * tileColumns,
      rowMultiple: unsafe kernels.table.pointee.f32_tile_rows, rate: kernels.floatRate, threads: threads)
  }

  /// Packs column tile `tile`, counted through all groups.
  func pack(tile: Int, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, into packed: UnsafeMutableRawPointer)
  {
    let group = tile / columnTiles
    let own = tile % columnTiles
    let pack = unsafe isTransposed ? kernels.table.pointee.f32_pack_transposed : kernels.table.pointee.f32_pack
    unsafe pack?(
      columns, depth, weights + group * columns * depth, isTransposed ? columns : depth,
      bias.map { unsafe $0 + group * columns },
      packed + group * groupBytes, own, own + 1)
  }

  /// Constant weights and bias, packed once for all interpreters; nil when one of them is computed.
  ///
  /// - Parameters:
  ///   - weights: the input with the weights: `float32`, or constant `float16`.
  ///   - bias: the input with the bias, if there is one.
  func packed(_ node: NodeContext, weights: Int, bias: Int?) throws(OperatorError) -> SharedBytes? {
    try unsafe packed(
      node, form: isTransposed ? "transposed" : "", byteCount: totalBytes, tiles: groups * columnTiles,
      weights: weights, bias: bias, pack: { unsafe pack(tile: $0, weights: $1, bias: $2, into: $3) })
  }

  /// Constant filters `[columns][3][3][channels]` and bias, transformed and packed for Winograd's method; nil when one of them is computed.
  func winograd(
    _ node: NodeContext, channels: Int, weights: Int, bias: Int?
  ) throws(OperatorError) -> SharedBytes? {
    let byteCount = unsafe aligned(kernels.table.pointee.f32_winograd_packed_bytes(columns, channels))
    return try unsafe packed(
      node, form: "winograd", byteCount: byteCount, tiles: columnTiles, weights: weights, bias: bias,
      pack: { unsafe kernels.table.pointee.f32_winograd_pack(columns, channels, $1, $2, $3, $0, $0 + 1) })
  }

  /// Packs column tiles with `pack`, which takes the tile, weights, bias and the packed form.
  private func packed(
    _ node: NodeContext, form: String, byteCount: Int, tiles: Int, weights: Int, bias: Int?,
    pack: @escaping (Int, UnsafePointer<Float>, UnsafePointer<Float>?, UnsafeMutableRawPointer) -> Void
  ) throws(OperatorError) -> SharedBytes? {
    let element = try node.input(weights).element
    guard let constant = element == .float16 ? try node.requiredConstant(weights) : node.constant(weights) else {
      return nil
    }
    let biasBytes = bias.flatMap { node.constant($0)?.bytes }
    guard bias == nil || biasBytes != nil else { return nil }
    if element != .float16 { try check(constant.bytes, count: groups * columns * depth) }
    if let biasBytes { try check(biasBytes, count: groups * columns) }
    return try unsafe node.packed(
      "float \(kernels.name) \(groups) \(columns) \(depth) \(form) \(element)",
      of: [weights] + (bias.map { [$0] } ?? []), byteCount: byteCount, parts: tiles,
      source: element != .float16
        ? nil
        : { () throws(OperatorError) -> SharedBytes in
          let floats = try node.unpacking(weights)
          try check(floats, count: groups * columns * depth)
          return floats
        },
      pack: { tile, source, target in
        unsafe pack(
          tile, source.baseAddress.assumingMemoryBound(to: Float.self),
          biasBytes.map { unsafe $0.baseAddress.assumingMemoryBound(to: Float.self) }, target)
      })
  }

  private func check(_ bytes: SharedBytes, count: Int) throws(OperatorError) {
    guard bytes.count >= count * MemoryLayout<Float>.stride else {
      throw .malformed("a constant has \(bytes.count) bytes, too few for \(count) floats")
    }
  }
}

extension FloatPacking {
  /// The packing of a convolution's filters; `geometry` is that of one group.
  init(_ geometry: tflk_conv_geometry, kernels: Microkernels = .best, groups: Int = 1) {
    self.init(
      kernels: kernels, groups: groups, columns: geometry.output_channels,
      depth: geometry.kernel_height * geometry.kernel_width * geometry.input_channels)
  }
}

/// Float convolutions, and matrix products with weights `[columns][depth]`, on the C kernels.
@safe struct FloatConvolution: Sendable {
  private let packing: FloatPacking
  /// One group.
  private let geometry: tflk_conv_geometry
  private let image: Int
  private let weights: Int
  private let bias: Int?
  /// Nil when weights are packed in each invocation.
  private let packed: SharedBytes?
  private let zeros: SharedBytes
  private let tiling: ProductTiling
  private let threads: Int
  private let range: ClosedRange<Float>
  private let epilogue: Epilogue?

  /// - Parameters:
  ///   - geometry: one group.
  ///   - image: the input with the activations.
  ///   - weights: the input with the weights: `float32`, or constant `float16`.
  ///   - bias: the input with the bias, if there is one.
  ///   - isTransposed: whether the weights of a group are stored `[depth][columns]`.
  /// - Returns: nil when there are no C kernels.
  init?(
    _ node: NodeContext, geometry: tflk_conv_geometry, groups: Int, image: Int, weights: Int, bias: Int?,
    range: ClosedRange<Float>, isTransposed: Bool = false
  ) throws(OperatorError) {
    guard let kernels = Microkernels.current else { return nil }
    self.geometry = geometry
    self.image = image
    self.weights = weights
    self.bias = bias
    self.range = range
    epilogue = node.epilogue
    threads = node.threads
    var packing = FloatPacking(geometry, kernels: kernels, groups: groups)
    packing.isTransposed = isTransposed
    self.packing = packing
    packed = try packing.packed(node, weights: weights, bias: bias)
    zeros = try SharedBytes.zeroFloats(geometry.input_channels)
    tiling = packing.tiling(
      rows: geometry.batch * geometry.output_height * geometry.output_width, threads: node.threads)
  }

  func kernel() -> Kernel {
    let workspace = unsafe withUnsafePointer(to: geometry) {
      unsafe aligned(packing.kernels.table.pointee.f32_scratch_bytes($0))
    }
    var kernel = Kernel(scratch: [threads * workspace, packed == nil ? packing.totalBytes : 0]) {
      io throws(OperatorError) in
      if packed == nil {
        try io.forEachTile(packing.groups * packing.columnTiles, workers: threads) { tile, _ in
          guard let source = unsafe io.inputBytes(weights).bindMemory(to: Float.self).baseAddress,
            let target = unsafe io.scratchBytes(1).baseAddress
          else { return }
          unsafe packing.pack(
            tile: tile, weights: source,
            bias: bias.flatMap { unsafe io.inputBytes($0).bindMemory(to: Float.self).baseAddress }, into: target)
        }
      }
      try io.forEachTile(packing.groups * tiling.count, workers: threads) { index, worker in
        let group = index / tiling.count
        let (rows, tiles) = tiling.item(index % tiling.count)
        guard let x = unsafe io.inputBytes(image).bindMemory(to: Float.self).baseAddress,
          let y = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress,
          let scratch = unsafe io.scratchBytes(0).baseAddress
        else { return }
        let w = unsafe packed?.baseAddress ?? UnsafeRawPointer(io.scratchBytes(1).baseAddress)
        // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes.
        unsafe withUnsafePointer(to: geometry) { geometry in
          unsafe packing.kernels.table.pointee.f32_conv(
            geometry, x + group * geometry.pointee.input_channels,
            zeros.baseAddress.assumingMemoryBound(to: Float.self), w.map { unsafe $0 + group * packing.groupBytes },
            y + group * geometry.pointee.output_channels, rows.lowerBound, rows.upperBound, tiles.lowerBound,
            tiles.upperBound, range.lowerBound, range.upperBound, scratch + worker * workspace)
        }
        if let epilogue {
          let columns =
            tiles.lowerBound * packing.tileColumns..<min(tiles.upperBound * packing.tileColumns, packing.columns)
          let first = group * packing.columns
          // Safety: these are the elements that were just written.
          unsafe epilogue.apply(
            io, rows: rows, pitch: geometry.output_pixel_stride,
            columns: first + columns.lowerBound..<first + columns.upperBound)
        }
      }
    }
    kernel.appliesEpilogue = epilogue != nil
    kernel.takesOutputPitch = epilogue == nil
    return kernel
  }
}

extension SharedBytes {
  /// What convolutions read in place of pixels outside of the image.
  static func zeroFloats(_ count: Int) throws(OperatorError) -> SharedBytes {
    let bytes = count * MemoryLayout<Float>.stride
    do {
      return try SharedBytes(zeros: bytes)
    } catch {
      throw .outOfMemory(bytes: bytes)
    }
  }
}
