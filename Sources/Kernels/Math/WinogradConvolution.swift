internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// Float convolutions with constant filters of 3×3 by Winograd's F(4×4, 3×3): a quarter of the multiplications, for packed weights of four
/// times the size.
@safe struct WinogradConvolution: Sendable {
  private let kernels: Microkernels
  private let geometry: tflk_conv_geometry
  private let packed: SharedBytes
  private let zeros: SharedBytes
  private let division: TileDivision
  private let image: Int
  private let threads: Int
  private let range: ClosedRange<Float>

  /// - Parameters:
  ///   - image: the input with the activations.
  ///   - weights: the input with the filters: constant `float32` or `float16`.
  ///   - bias: the input with the bias, if there is one.
  /// - Returns: nil where the direct convolution is the better or the only choice.
  init?(
    _ node: NodeContext, geometry: tflk_conv_geometry, image: Int, weights: Int, bias: Int?, range: ClosedRange<Float>
  ) throws(OperatorError) {
    guard node.usesWinograd, Self.suits(geometry) else { return nil }
    let kernels = Microkernels.best
    let bytes = unsafe withUnsafePointer(to: geometry) { geometry in
      unsafe (
        packed: kernels.table.pointee.f32_winograd_packed_bytes(
          geometry.pointee.output_channels, geometry.pointee.input_channels),
        tiles: kernels.table.pointee.f32_winograd_tiles(geometry)
      )
    }
    guard bytes.packed / Self.weightBytesPerTile <= bytes.tiles else { return nil }
    let packing = FloatPacking(geometry, kernels: kernels)
    guard let packed = try packing.winograd(node, channels: geometry.input_channels, weights: weights, bias: bias)
    else { return nil }
    self.packed = packed
    self.kernels = kernels
    self.geometry = geometry
    self.image = image
    self.range = range
    threads = node.threads
    zeros = try SharedBytes.zeroFloats(geometry.input_channels)
    division = TileDivision(
      tiles: bytes.tiles, block: unsafe kernels.table.pointee.f32_winograd_block(geometry.input_channels),
      columnTiles: packing.columnTiles, threads: node.threads)
  }

  /// Weights beyond this many bytes for each tile of the output cost more to read than the saved multiplications, and much memory.
  private static let weightBytesPerTile = 640 << 10

  /// Whether the method applies and saves enough multiplications.
  static func suits(_ geometry: tflk_conv_geometry) -> Bool {
    guard geometry.kernel_height == 3, geometry.kernel_width == 3, geometry.stride_height == 1,
      geometry.stride_width == 1, geometry.dilation_height == 1, geometry.dilation_width == 1,
      geometry.input_channels % 16 == 0, geometry.output_channels >= 16
    else { return false }
    let pixels = geometry.output_height * geometry.output_width
    return geometry.winogradTiles * 36 * 5 <= pixels * 9 * 3
  }

  func kernel() -> Kernel {
    let workspace = unsafe withUnsafePointer(to: geometry) {
      unsafe aligned(kernels.table.pointee.f32_winograd_scratch_bytes($0))
    }
    var kernel = Kernel(scratch: [threads * workspace]) { io throws(OperatorError) in
      try io.forEachTile(division.count, workers: threads) { index, worker in
        let (tiles, columns) = division.item(index)
        guard let x = unsafe io.inputBytes(image).bindMemory(to: Float.self).baseAddress,
          let y = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress,
          let scratch = unsafe io.scratchBytes(0).baseAddress
        else { return }
        // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes.
        unsafe withUnsafePointer(to: geometry) { geometry in
          unsafe kernels.table.pointee.f32_winograd(
            geometry, x, zeros.baseAddress.assumingMemoryBound(to: Float.self), packed.baseAddress, y, tiles.lowerBound,
            tiles.upperBound, columns.lowerBound, columns.upperBound, range.lowerBound, range.upperBound,
            scratch + worker * workspace)
        }
      }
    }
    kernel.takesOutputPitch = true
    return kernel
  }
}

/// How output tiles and column tiles are divided into items of work: blocks of output tiles where there are enough for all threads, else
/// column tiles too, for which the input is transformed again.
struct TileDivision: Sendable {
  private let tiles: Int
  private let columnTiles: Int
  private let tileItems: Int
  private let columnItems: Int
  /// Items of work.
  let count: Int

  init(tiles: Int, block: Int, columnTiles: Int, threads: Int) {
    self.tiles = tiles
    self.columnTiles = columnTiles
    var blocks = (tiles + block - 1) / block
    // Fewer tiles would hardly be faster than these.
    let fewest = 8
    if blocks == 1, tiles < fewest * threads {
      columnItems = max(1, min(threads, columnTiles))
    } else {
      columnItems = 1
      // Few blocks are a multiple of the threads, so that none waits for the last.
      if blocks < 4 * threads { blocks = min(tiles, (blocks + threads - 1) / threads * threads) }
    }
    tileItems = blocks
    count = tileItems * columnItems
  }

  /// The output tiles and column tiles of an item.
  @inline(__always)
  func item(_ index: Int) -> (tiles: Range<Int>, columns: Range<Int>) {
    let (tile, column) = (index % tileItems, index / tileItems)
    return (
      tile * tiles / tileItems..<(tile + 1) * tiles / tileItems,
      column * columnTiles / columnItems..<(column + 1) * columnTiles / columnItems
    )
  }
}
