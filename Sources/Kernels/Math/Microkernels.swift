internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// The C kernels of the best instruction set that this CPU has.
@safe struct Microkernels: Sendable {
  /// The table of functions. It lives for ever.
  nonisolated(unsafe) let table: UnsafePointer<tflk_kernels>
  /// What tells apart packed forms of different instruction sets.
  let name: String
  /// Multiplications that one core does in a microsecond, roughly: for dividing work.
  let floatRate: Int
  let integerRate: Int

  /// The kernels of the best instruction set. There are some for every architecture.
  static let best: Microkernels = {
    if let current { return current }
    return unsafe Microkernels(
      table: tflk_kernels_for(TFLK_ISA_BASELINE), name: "baseline", floatRate: 10_000, integerRate: 12_000)
  }()

  /// Nil when no table exists for this architecture.
  static let current: Microkernels? = {
    for isa in [tflk_cpu_isa(), TFLK_ISA_BASELINE] {
      guard let table = unsafe tflk_kernels_for(isa) else { continue }
      let (floatRate, integerRate) =
        switch isa {
        case TFLK_ISA_AVX512_VNNI: (80_000, 250_000)
        case TFLK_ISA_AVX512: (80_000, 100_000)
        case TFLK_ISA_AVX2: (40_000, 50_000)
        case TFLK_ISA_NEON_I8MM: (20_000, 160_000)
        case TFLK_ISA_NEON_DOTPROD: (20_000, 80_000)
        case TFLK_ISA_NEON_FP16: (20_000, 20_000)
        default: (10_000, 12_000)
        }
      return unsafe Microkernels(
        table: table, name: String(cString: tflk_isa_name(isa)), floatRate: floatRate, integerRate: integerRate)
    }
    return nil
  }()
}

extension ConvolutionGeometry {
  /// One group as the C kernels see it.
  var group: tflk_conv_geometry {
    tflk_conv_geometry(
      batch: batch, input_height: height.input, input_width: width.input, input_channels: inputChannelsPerGroup,
      output_height: height.output, output_width: width.output, output_channels: outputChannelsPerGroup,
      kernel_height: height.kernel, kernel_width: width.kernel, stride_height: height.stride,
      stride_width: width.stride, dilation_height: height.dilation, dilation_width: width.dilation,
      pad_top: height.padding, pad_left: width.padding, input_pixel_stride: inputChannels,
      output_pixel_stride: outputPitch ?? outputChannels)
  }

  /// The whole convolution as the C kernels see it, for depthwise ones.
  var whole: tflk_conv_geometry {
    var geometry = group
    geometry.input_channels = inputChannels
    geometry.output_channels = outputChannels
    return geometry
  }

  /// Whether the input with its padding is not much larger than the operands, so that a kernel may keep a copy of it.
  ///
  /// - Parameter channels: values that the copy holds for each pixel.
  func isPaddedCopyReasonable(channels: Int) -> Bool {
    guard height.output > 0, width.output > 0 else { return true }
    func extent(_ window: SlidingWindow) -> Int {
      (window.output - 1) * window.stride + (window.kernel - 1) * window.dilation + 1
    }
    let limit = 16 * (batch * inputPixelsPerBatch * inputChannels + outputPixels * outputChannels) + 1 << 20
    var elements = batch
    for factor in [extent(height), extent(width), channels] {
      let (product, overflow) = elements.multipliedReportingOverflow(by: factor)
      guard !overflow, product <= limit else { return false }
      elements = product
    }
    return true
  }
}

/// How long an item of work should take when all of it takes `total` microseconds: as many items as threads for short work, several for each
/// thread for long work, so that a thread which is interrupted does not keep the others waiting; 100 microseconds at most, and nothing so short
/// that handing it over would cost more.
func itemMicroseconds(total: Double, threads: Int) -> Double {
  guard threads > 1, total >= 3 else { return 100 }
  let items = Double(threads) * (total < 30 ? 1 : total < 100 ? 2 : 4)
  return min(100, max(1.5, total / items))
}

/// How many pixels of an integer kernel's input are prepared together, of `pixels` with `bytesPerPixel` each: at most 64 KB, and by the threads
/// that read them afterwards, since lines of another thread's cache cost more than preparing them.
///
/// - Parameter isDivided: whether the work on the prepared pixels is divided over the threads.
func preparedTile(pixels: Int, bytesPerPixel: Int, isDivided: Bool, threads: Int) -> Int {
  let cached = max(1, (64 << 10) / max(bytesPerPixel, 1))
  guard threads > 1 else { return max(1, min(pixels, cached)) }
  return max(1, isDivided ? min(cached, (pixels - 1) / threads + 1) : pixels)
}

/// How a product of `rows` by `columnTiles` is divided into items of work of about 100 microseconds, so that the weights of an item stay in
/// the second-level cache.
struct ProductTiling: Sendable {
  private let rows: Int
  private let columnTiles: Int
  private let rowsPerItem: Int
  private let tilesPerItem: Int
  private let rowItems: Int
  /// Items of work.
  let count: Int

  /// Weights that stay in the second-level cache while rows pass.
  private static let cachedBytes = 512 << 10

  /// Parts of so many bytes of packed weights that each stay in the cache.
  static func columnGroups(ofBytes count: Int) -> Int { max(1, count / cachedBytes) }

  /// - Parameters:
  ///   - panelBytes: bytes of the packed weights of one column tile.
  ///   - operations: multiplications of one row with one column tile.
  ///   - rowMultiple: the rows of a kernel's tile.
  ///   - rate: multiplications in a microsecond.
  init(
    rows: Int, columnTiles: Int, panelBytes: Int, operations: Int, rowMultiple: Int, rate: Int, threads: Int
  ) {
    self.rows = rows
    self.columnTiles = columnTiles
    guard rows > 0, columnTiles > 0 else {
      (rowsPerItem, tilesPerItem, rowItems, count) = (1, 1, 0, 0)
      return
    }
    let operations = max(operations, 1)
    let total = Double(operations) * Double(columnTiles) * Double(rows) / Double(max(rate, 1))
    let budget = Int(itemMicroseconds(total: total, threads: threads) * Double(rate))
    // Even parts, so that threads which share them have the same to do.
    let groups = (columnTiles - 1) / max(1, Self.cachedBytes / max(panelBytes, 1)) + 1
    var tiles = (columnTiles - 1) / groups + 1
    var block = max(1, budget / (operations * tiles))
    block = (block + rowMultiple - 1) / rowMultiple * rowMultiple
    if block >= rows {
      block = rows
      let (cells, overflow) = operations.multipliedReportingOverflow(by: rows)
      tiles = min(columnTiles, max(1, overflow ? 1 : budget / max(cells, 1)))
    }
    rowsPerItem = block
    tilesPerItem = tiles
    rowItems = (rows - 1) / block + 1
    count = rowItems * ((columnTiles - 1) / tiles + 1)
  }

  /// The rows and column tiles of an item. Consecutive items share their weights.
  @inline(__always)
  func item(_ index: Int) -> (rows: Range<Int>, tiles: Range<Int>) { item(index, rows: rows) }

  /// The same of a product with fewer rows; those of an item may be none.
  @inline(__always)
  func item(_ index: Int, rows: Int) -> (rows: Range<Int>, tiles: Range<Int>) {
    let row = min(index % rowItems * rowsPerItem, rows)
    let tile = index / rowItems * tilesPerItem
    return (row..<min(row + rowsPerItem, rows), tile..<min(tile + tilesPerItem, columnTiles))
  }
}

/// `count` rounded up to a multiple of 64.
func aligned(_ count: Int) -> Int { (count + 63) & ~63 }
