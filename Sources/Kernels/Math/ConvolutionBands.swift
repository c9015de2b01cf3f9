internal import CKernels

/// A convolution in bands of lines of its output. Each thread makes the padded copy that a band reads for itself: nobody waits for another's
/// part of it, and it stays in the cache of who made it.
@safe struct ConvolutionBands: Sendable {
  /// Lines of one image.
  struct Band {
    let geometry: tflk_conv_geometry
    let image: Int
    /// The first pixel of the input that is read, counted through all images.
    let firstPixel: Int
    /// The first row of the output, counted through all images.
    let firstRow: Int
  }

  private let geometry: tflk_conv_geometry
  private let linesPerBand: Int
  private let bandsPerImage: Int
  /// Whether a line is a row of a product of matrices, and a band some of them, be they of one line of the image or not.
  private let isProduct: Bool

  /// A copy of the second-level cache's size would have to be read from further away than it was written.
  private static let copyBytes = 256 << 10

  /// - Parameters:
  ///   - geometry: all of the convolution.
  ///   - dividesLines: whether a band of a product may begin and end within a line.
  ///   - bytesPerPixel: of the copy.
  ///   - microseconds: of all the work, roughly.
  ///   - lineMultiple: lines that are computed together; all bands but the last have a multiple of them.
  ///   - columnGroups: how many parts of the columns are computed one after the other in each band.
  init(
    _ geometry: tflk_conv_geometry, dividesLines: Bool, bytesPerPixel: Int, microseconds: Double, columnGroups: Int = 1,
    lineMultiple: Int = 1, threads: Int
  ) {
    isProduct = dividesLines && geometry.isProduct
    let geometry = isProduct ? geometry.rowsAsLines : geometry
    self.geometry = geometry
    let lines = max(geometry.output_height, 1)
    let extent = (geometry.output_width - 1) * geometry.stride_width + geometry.kernel_width * geometry.dilation_width
    let lineBytes = max(1, extent * geometry.stride_height * bytesPerPixel)
    let cached = min(lines, max(1, Self.copyBytes / lineBytes))
    let fewest = (lines - 1) / cached + 1
    let images = max(geometry.batch, 1)
    var length = (lines - 1) / fewest + 1
    let items = microseconds / itemMicroseconds(total: microseconds, threads: threads)
    let wanted = min(lines, Int((items / Double(images * max(columnGroups, 1))).rounded(.up)))
    if threads > 1, wanted > fewest {
      // Lines that the busiest thread computes, with what each band costs in addition.
      func work(_ length: Int) -> Double {
        let bands = images * ((lines - 1) / length + 1)
        return Double((bands - 1) / threads + 1) * (Double(length) + 0.25)
      }
      let target = Double(lines) / Double(wanted)
      let counts = [threads] + Array(max(fewest, wanted / 2)...min(lines, 2 * wanted))
      let best = counts.filter { $0 >= fewest && $0 <= lines }.map { (lines - 1) / $0 + 1 }.min {
        func score(_ length: Int) -> Double { work(length) * (1 + 0.02 * max(0, Double(length) / target - 1)) }
        return score($0) < score($1)
      }
      // Where one thread would still have much more to do than the others, columns are divided instead.
      if let best, work(best) * Double(threads) <= 1.3 * Double(lines * images) { length = best }
    }
    length = min(lines, (length + lineMultiple - 1) / lineMultiple * lineMultiple)
    linesPerBand = length
    bandsPerImage = (lines - 1) / length + 1
  }

  var count: Int { geometry.batch * bandsPerImage }

  /// The geometry of a band that is not smaller than the others.
  var largest: tflk_conv_geometry { geometry.part(0..<linesPerBand, of: 0..<geometry.input_height).geometry }

  subscript(index: Int) -> Band {
    let (image, band) = index.quotientAndRemainder(dividingBy: bandsPerImage)
    let first = band * linesPerBand
    let (part, line) = geometry.part(
      first..<min(first + linesPerBand, geometry.output_height), of: 0..<geometry.input_height)
    return Band(
      geometry: isProduct ? part.linesAsRows : part, image: image,
      firstPixel: (image * geometry.input_height + line) * geometry.input_width,
      firstRow: (image * geometry.output_height + first) * geometry.output_width)
  }
}

/// A thread's copy of what a band reads, and which band that is.
@unsafe struct PreparedBand {
  /// Bytes before the copy.
  static let prefix = 64

  private let start: UnsafeMutableRawPointer

  /// The copies of the threads, none of which holds anything yet.
  static func each(
    _ workers: Int, in scratch: UnsafeMutableRawPointer, apart bytes: Int
  ) -> Workers {
    for worker in 0..<workers { unsafe (scratch + worker * bytes).storeBytes(of: -1, as: Int.self) }
    return unsafe Workers(scratch: scratch, bytes: bytes)
  }

  @unsafe struct Workers: @unchecked Sendable {
    fileprivate let scratch: UnsafeMutableRawPointer
    fileprivate let bytes: Int

    subscript(worker: Int) -> PreparedBand { unsafe PreparedBand(start: scratch + worker * bytes) }
  }

  /// Where the copy is.
  var bytes: UnsafeMutableRawPointer { unsafe start + Self.prefix }

  /// Whether the copy is of another band and has to be made; from then on it is of this one.
  func begins(_ band: Int) -> Bool {
    guard unsafe start.load(as: Int.self) != band else { return false }
    unsafe start.storeBytes(of: band, as: Int.self)
    return true
  }
}

extension tflk_conv_geometry {
  /// The lines of an output tile of Winograd's method.
  static let winogradTileLines = 4

  /// The output tiles of 4×4 of each image, for Winograd's method.
  var winogradTiles: Int { (output_height + 3) / 4 * ((output_width + 3) / 4) }

  /// Whether row m of the only image gives row m of the output: a product of matrices.
  fileprivate var isProduct: Bool {
    batch == 1 && kernel_height * kernel_width == 1 && stride_height * stride_width == 1 && pad_top + pad_left == 0
      && input_width == output_width && input_height == output_height
  }

  /// A product with a line for each row.
  fileprivate var rowsAsLines: tflk_conv_geometry {
    var lines = self
    lines.output_height *= output_width
    lines.input_height = lines.output_height
    (lines.output_width, lines.input_width) = (1, 1)
    return lines
  }

  /// The same with all rows in one line, as the kernels like them.
  fileprivate var linesAsRows: tflk_conv_geometry {
    var rows = self
    (rows.output_width, rows.input_width) = (output_height, output_height)
    (rows.output_height, rows.input_height) = (1, 1)
    return rows
  }

  /// The convolution that gives some lines of one image, and the line of the input that it reads as its first.
  ///
  /// - Parameter input: the lines that there are.
  func part(_ lines: Range<Int>, of input: Range<Int>) -> (geometry: tflk_conv_geometry, firstLine: Int) {
    let wanted = lines.lowerBound * stride_height - pad_top
    let first = min(max(input.lowerBound, wanted), input.upperBound)
    var part = self
    part.batch = 1
    let end = wanted + (lines.count - 1) * stride_height + (kernel_height - 1) * dilation_height + 1
    part.input_height = max(0, min(end, input.upperBound) - first)
    part.output_height = lines.count
    part.pad_top = max(0, first - wanted)
    return (part, first)
  }
}
