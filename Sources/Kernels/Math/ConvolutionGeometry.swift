internal import TensorTypes

/// The sizes of a two-dimensional convolution over NHWC tensors.
struct ConvolutionGeometry: Sendable, Hashable {
  let batch: Int
  let height: SlidingWindow
  let width: SlidingWindow
  /// Channels of the input.
  let inputChannels: Int
  /// Channels of the output.
  let outputChannels: Int
  /// Independent parts that input and output channels are divided into.
  let groups: Int
  /// Elements from one output pixel to the next; nil where they lie side by side.
  var outputPitch: Int?

  var inputChannelsPerGroup: Int { inputChannels / groups }
  var outputChannelsPerGroup: Int { outputChannels / groups }
  var outputPixels: Int { batch * height.output * width.output }
  var inputPixelsPerBatch: Int { height.input * width.input }
  /// Multiplications of one output pixel.
  var multiplicationsPerPixel: Int { height.kernel * width.kernel * inputChannelsPerGroup * outputChannels }

  /// The coordinates of an output pixel, counted through batches, rows and columns.
  @inline(__always)
  func coordinates(_ pixel: Int) -> (batch: Int, y: Int, x: Int) {
    let row = pixel / width.output
    return (row / height.output, row % height.output, pixel % width.output)
  }

  /// Computes one output pixel of a convolution with filters `[outputChannels][kernel height][kernel width][channels per group]`: for each
  /// output channel, the sum over all taps inside of the image goes to `store`.
  @inline(__always)
  func convolve<Term: ProductTerm>(
    pixel: Int, _ input: Span<Term.Left>, _ filter: Span<Term.Right>, _ term: Term,
    store: (_ batch: Int, _ channel: Int, Term.Sum) -> Void
  ) {
    let (batch, y, x) = coordinates(pixel)
    let top = height.origin(y)
    let left = width.origin(x)
    let rows = height.taps(origin: top)
    let columns = width.taps(origin: left)
    let depth = inputChannelsPerGroup
    let perGroup = outputChannelsPerGroup
    for channel in 0..<outputChannels {
      let group = channel / perGroup
      var sum = term.zero
      for row in rows {
        let inputRow = (batch * height.input + top + row * height.dilation) * width.input + left
        let filterRow = (channel * height.kernel + row) * width.kernel
        for column in columns {
          let first = (inputRow + column * width.dilation) * inputChannels + group * depth
          let xs = input.extracting(first..<first + depth)
          let weight = (filterRow + column) * depth
          let ws = filter.extracting(weight..<weight + depth)
          sum = term.add(sum, xs, ws)
        }
      }
      store(batch, channel, sum)
    }
  }

  /// Computes one output pixel of a depthwise convolution with filters `[kernel height][kernel width][outputChannels]`.
  @inline(__always)
  func convolveDepthwise<Term: ProductTerm>(
    pixel: Int, _ input: Span<Term.Left>, _ filter: Span<Term.Right>, _ term: Term,
    store: (_ batch: Int, _ channel: Int, Term.Sum) -> Void
  ) {
    let (batch, y, x) = coordinates(pixel)
    let top = height.origin(y)
    let left = width.origin(x)
    let rows = height.taps(origin: top)
    let columns = width.taps(origin: left)
    let multiplier = outputChannels / inputChannels
    for channel in 0..<outputChannels {
      let inputChannel = channel / multiplier
      var sum = term.zero
      for row in rows {
        let inputRow = (batch * height.input + top + row * height.dilation) * width.input + left
        for column in columns {
          sum = term.add(
            sum, input[(inputRow + column * width.dilation) * inputChannels + inputChannel],
            filter[(row * width.kernel + column) * outputChannels + channel])
        }
      }
      store(batch, channel, sum)
    }
  }

  /// Computes one output pixel of a transposed convolution. Seen backwards it is a convolution of the output: `height.input` is the height of
  /// the output, `height.output` that of the input. Filters are `[outputChannels][kernel height][kernel width][inputChannels]`.
  @inline(__always)
  func convolveTransposed<Term: ProductTerm>(
    pixel: Int, _ input: Span<Term.Left>, _ filter: Span<Term.Right>, _ term: Term,
    store: (_ batch: Int, _ channel: Int, Term.Sum) -> Void
  ) {
    let row = pixel / width.input
    let batch = row / height.input
    let bottom = row % height.input + height.padding
    let right = pixel % width.input + width.padding
    for channel in 0..<outputChannels {
      var sum = term.zero
      for tapY in stride(from: bottom % height.stride, to: min(height.kernel, bottom + 1), by: height.stride) {
        let y = (bottom - tapY) / height.stride
        guard y < height.output else { continue }
        let inputRow = (batch * height.output + y) * width.output
        let filterRow = (channel * height.kernel + tapY) * width.kernel
        for tapX in stride(from: right % width.stride, to: min(width.kernel, right + 1), by: width.stride) {
          let x = (right - tapX) / width.stride
          guard x < width.output else { continue }
          let first = (inputRow + x) * inputChannels
          let xs = input.extracting(first..<first + inputChannels)
          let weight = (filterRow + tapX) * inputChannels
          let ws = filter.extracting(weight..<weight + inputChannels)
          sum = term.add(sum, xs, ws)
        }
      }
      store(batch, channel, sum)
    }
  }
}
