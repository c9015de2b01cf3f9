internal import CKernels

/// A transposed convolution as ordinary ones: the outputs at each residue of the stride (a *phase*) are a convolution of the image with stride
/// one, whose filter is every `stride`-th tap in reverse order.
///
/// All phases read the same padded image, so that it is prepared once.
struct TransposedGeometry: Sendable {
  /// The positions `first`, `first + stride`, … of one dimension of the output.
  struct AxisPhase: Sendable {
    let first: Int
    /// Positions of the output.
    let count: Int
    /// The filter's tap that comes last; the others are `stride` apart. Meaningless without taps.
    let residue: Int
    let taps: Int
    /// Where in the padded image the first window begins.
    let offset: Int
  }

  /// One dimension of the output.
  struct Axis: Sendable {
    let size: Int
    let stride: Int
    /// Padding in front of the image, the same for all phases.
    let padding: Int
    /// Positions of the padded image.
    let extent: Int
    let phases: [AxisPhase]

    /// - Parameter window: the sliding window that leads from the output back to the image.
    /// - Returns: nil when there would be more than `limit` phases.
    init?(_ window: SlidingWindow, limit: Int) {
      // Each output reads at most the only position of such an image.
      let stride = window.output == 1 ? max(window.stride, window.kernel + window.padding) : window.stride
      guard min(stride, window.input) <= limit else { return nil }
      size = window.input
      self.stride = stride
      var found: [(phase: AxisPhase, padding: Int)] = []
      for first in 0..<min(stride, window.input) {
        let (origin, residue) = (first + window.padding).quotientAndRemainder(dividingBy: stride)
        let taps = residue < window.kernel ? (window.kernel - residue - 1) / stride + 1 : 0
        let count = (window.input - first - 1) / stride + 1
        let padding = taps > 0 ? taps - 1 - origin : 0
        found.append((AxisPhase(first: first, count: count, residue: residue, taps: taps, offset: 0), padding))
      }
      let padding = max(0, found.map(\.padding).max() ?? 0)
      self.padding = padding
      phases = found.map {
        AxisPhase(
          first: $0.phase.first, count: $0.phase.count, residue: $0.phase.residue, taps: $0.phase.taps,
          offset: padding - $0.padding)
      }
      extent = phases.map { $0.offset + $0.count + max($0.taps, 1) - 1 }.max() ?? 0
    }
  }

  /// One residue of both strides.
  struct Phase: Sendable {
    let y: AxisPhase
    let x: AxisPhase
    /// A convolution over the padded image whose outputs include those of the phase.
    let geometry: tflk_conv_geometry
    /// Rows of the product: the phase's output pixels.
    let rows: Int

    var taps: Int { y.taps * x.taps }
  }

  let batch: Int
  let inputChannels: Int
  let outputChannels: Int
  let kernelHeight: Int
  let kernelWidth: Int
  let height: Axis
  let width: Axis
  let phases: [Phase]

  /// - Parameters:
  ///   - geometry: the convolution that leads from the output back to the image.
  ///   - emptyTaps: the kernel size in each direction of phases that no tap reaches.
  /// - Returns: nil when dividing the work like this does not pay: too many phases, too large a copy of the image, or mostly products with padding.
  init?(_ geometry: ConvolutionGeometry, emptyTaps: Int) {
    guard let height = Axis(geometry.height, limit: 4096), let width = Axis(geometry.width, limit: 4096),
      height.phases.count * width.phases.count <= 4096
    else { return nil }
    batch = geometry.batch
    inputChannels = geometry.inputChannels
    outputChannels = geometry.outputChannels
    kernelHeight = geometry.height.kernel
    kernelWidth = geometry.width.kernel
    self.height = height
    self.width = width
    let images = batch * geometry.height.output * geometry.width.output
    let results = batch * height.size * width.size
    let limit = 16 * (images * inputChannels + results * outputChannels) + 1 << 20
    var elements = batch
    for factor in [height.extent, width.extent, inputChannels] {
      let (product, overflow) = elements.multipliedReportingOverflow(by: factor)
      guard !overflow, product <= limit else { return nil }
      elements = product
    }
    var phases: [Phase] = []
    var products = 0
    for y in height.phases {
      for x in width.phases {
        let isEmpty = y.taps * x.taps == 0
        let kernel = isEmpty ? (emptyTaps, emptyTaps) : (y.taps, x.taps)
        let description = tflk_conv_geometry(
          batch: batch, input_height: geometry.height.output, input_width: geometry.width.output,
          input_channels: inputChannels, output_height: height.extent - max(kernel.0, 1) + 1,
          output_width: width.extent - max(kernel.1, 1) + 1, output_channels: outputChannels, kernel_height: kernel.0,
          kernel_width: kernel.1, stride_height: 1, stride_width: 1, dilation_height: 1, dilation_width: 1,
          pad_top: height.padding, pad_left: width.padding, input_pixel_stride: inputChannels,
          output_pixel_stride: width.stride * outputChannels)
        let rows = batch * y.count * x.count
        let (added, overflow) = rows.multipliedReportingOverflow(by: y.taps * x.taps)
        let (sum, overflow2) = products.addingReportingOverflow(added)
        guard !overflow, !overflow2 else { return nil }
        products = sum
        phases.append(Phase(y: y, x: x, geometry: description, rows: rows))
      }
    }
    // The plain loops leave products with padding out.
    guard products / 4 <= images * kernelHeight * kernelWidth else { return nil }
    self.phases = phases
  }

  /// Elements of the weights of all phases, each `[output channels][taps][input channels]`, one phase after the other.
  var gatheredElements: Int { phases.reduce(0) { $0 + $1.taps } * outputChannels * inputChannels }

  /// Copies the weights of one output channel of a phase to `[taps][input channels]`.
  ///
  /// - Parameter width: bytes of an element.
  func gather(
    _ phase: Phase, channel: Int, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, width bytes: Int
  ) {
    let run = inputChannels * bytes
    var position = 0
    for tapY in 0..<phase.y.taps {
      let row = phase.y.residue + (phase.y.taps - 1 - tapY) * height.stride
      for tapX in 0..<phase.x.taps {
        let column = phase.x.residue + (phase.x.taps - 1 - tapX) * width.stride
        let tap = (channel * kernelHeight + row) * kernelWidth + column
        unsafe (target + position).copyMemory(from: source + tap * run, byteCount: run)
        position += run
      }
    }
  }

  /// Calls `body` for stretches of one line that together make the `rows` of a phase's product.
  ///
  /// - `row`: the first row of the phase's ``Phase/geometry``.
  /// - `element`: the output element that belongs to row 0 if lines were not apart; the result of `row` then lies where it should.
  @inline(__always)
  func forEachLine(of phase: Phase, rows: Range<Int>, _ body: (_ row: Range<Int>, _ element: Int) -> Void) {
    var next = rows.lowerBound
    while next < rows.upperBound {
      let (line, x) = next.quotientAndRemainder(dividingBy: phase.x.count)
      let (image, y) = line.quotientAndRemainder(dividingBy: phase.y.count)
      let count = min(phase.x.count - x, rows.upperBound - next)
      let row =
        (image * phase.geometry.output_height + y + phase.y.offset) * phase.geometry.output_width + x + phase.x.offset
      let pixel =
        (image * height.size + phase.y.first + y * height.stride) * width.size + phase.x.first + x * width.stride
      body(row..<row + count, pixel * outputChannels - row * phase.geometry.output_pixel_stride)
      next += count
    }
  }
}

/// The items of work of several products, one after the other.
struct ProductItems: Sendable {
  private let tilings: [ProductTiling]
  /// The first item of each product, and the number of all.
  private let starts: [Int]

  init(_ tilings: [ProductTiling]) {
    self.tilings = tilings
    var starts = [0]
    for tiling in tilings { starts.append(starts[starts.count - 1] + tiling.count) }
    self.starts = starts
  }

  var count: Int { starts[starts.count - 1] }

  /// The product of an item, and its rows and column tiles.
  @inline(__always)
  func item(_ index: Int) -> (product: Int, rows: Range<Int>, tiles: Range<Int>) {
    var low = 0
    var high = tilings.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= index { low = middle } else { high = middle }
    }
    let (rows, tiles) = tilings[low].item(index - starts[low])
    return (low, rows, tiles)
  }
}
