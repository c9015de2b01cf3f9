internal import CKernels
internal import FlatBuffers
package import TensorTypes

/// An operator that can be a link of a ``LineChain``.
package protocol LineOperator: Operator {
  /// The link, which reads input 0 of the operator; nil where it is not a convolution of floats with constant weights, or is better computed by
  /// itself.
  func lineStage(_ node: NodeContext) throws(OperatorError) -> LineStage?
}

/// One float convolution with constant weights and the elementwise operators on its result, as a link of a ``LineChain``.
@safe package struct LineStage: Sendable {
  enum Weights: Sendable {
    case product(SharedBytes)
    case depthwise(SharedBytes, bias: SharedBytes?)
  }

  fileprivate let kernels: Microkernels
  fileprivate let geometry: tflk_conv_geometry
  fileprivate let weights: Weights
  fileprivate let range: ClosedRange<Float>
  fileprivate private(set) var epilogue = Epilogue(stages: [])

  init(geometry: tflk_conv_geometry, weights: Weights, range: ClosedRange<Float>) {
    kernels = Microkernels.best
    self.geometry = geometry
    self.weights = weights
    self.range = range
  }

  /// The same convolution followed by elementwise operators on its result. Only those of a chain's last link may have another operand.
  package func followed(by stages: [ElementwiseStage]) -> LineStage {
    var result = self
    result.epilogue = Epilogue(stages: stages)
    return result
  }

  /// Shapes `[batch, height, width, channels]` of the operands.
  var inputShape: [Int] { [geometry.batch, geometry.input_height, geometry.input_width, geometry.input_channels] }
  var outputShape: [Int] { [geometry.batch, geometry.output_height, geometry.output_width, geometry.output_channels] }

  /// The first line of the input that the lines from `line` of the output on read.
  fileprivate func firstInputLine(_ line: Int) -> Int {
    min(geometry.input_height, max(0, line * geometry.stride_height - geometry.pad_top))
  }

  /// One past the last line of the input that the lines before `line` of the output read.
  fileprivate func endInputLine(_ line: Int) -> Int {
    guard line > 0 else { return 0 }
    let last =
      (line - 1) * geometry.stride_height - geometry.pad_top + (geometry.kernel_height - 1) * geometry.dilation_height
    return min(geometry.input_height, max(0, last + 1))
  }

  /// Lines of the input that `lines` lines of the output read at most.
  fileprivate func inputLines(for lines: Int) -> Int {
    let extent = (geometry.kernel_height - 1) * geometry.dilation_height + 1
    return min(geometry.input_height, max(0, lines - 1) * geometry.stride_height + extent)
  }

  fileprivate var inputLineFloats: Int { geometry.input_width * geometry.input_channels }
  fileprivate var outputLineFloats: Int { geometry.output_width * geometry.output_channels }

  fileprivate var weightBytes: Int {
    switch weights {
    case .product(let packed): packed.count
    case .depthwise(let weights, _): weights.count
    }
  }

  fileprivate var scratchBytes: Int {
    guard case .product = weights else { return 0 }
    return unsafe withUnsafePointer(to: geometry) { unsafe aligned(kernels.table.pointee.f32_scratch_bytes($0)) }
  }

  /// Lines of the image that a link reads.
  @unsafe fileprivate struct Lines {
    /// Line `range.lowerBound`; the others follow.
    var base: UnsafePointer<Float>
    var range: Range<Int>
  }

  /// What links compute with.
  @unsafe fileprivate struct Workspace {
    var zeros: UnsafePointer<Float>
    var scratch: UnsafeMutableRawPointer
    var operands: Operands
  }

  /// Computes lines of one image.
  ///
  /// - Parameters:
  ///   - lines: of the output.
  ///   - input: all lines that are read.
  ///   - output: the first of the lines.
  ///   - start: the number of the first element in the whole result, which the other operands of the epilogue have too.
  @inline(never)
  fileprivate func compute(
    _ lines: Range<Int>, input: Lines, output: UnsafeMutablePointer<Float>, start: Int, _ workspace: Workspace
  ) {
    guard !lines.isEmpty else { return }
    let (part, first) = unsafe geometry.part(lines, of: input.range)
    let source = unsafe input.base + (first - input.range.lowerBound) * inputLineFloats
    switch weights {
    case .product(let packed):
      let tiles =
        unsafe (geometry.output_channels + kernels.table.pointee.f32_tile_columns - 1)
        / kernels.table.pointee.f32_tile_columns
      let rows = lines.count * geometry.output_width
      unsafe forEachPart(of: rows, elements: geometry.output_channels, output, start, workspace) { rows in
        unsafe withUnsafePointer(to: part) {
          unsafe kernels.table.pointee.f32_conv(
            $0, source, workspace.zeros, packed.baseAddress, output, rows.lowerBound, rows.upperBound, 0, tiles,
            range.lowerBound, range.upperBound, workspace.scratch)
        }
      }
    case .depthwise(let weights, let bias):
      unsafe forEachPart(of: lines.count, elements: outputLineFloats, output, start, workspace) { lines in
        unsafe withUnsafePointer(to: part) {
          unsafe kernels.table.pointee.f32_depthwise(
            $0, source, weights.baseAddress.assumingMemoryBound(to: Float.self),
            bias.map { unsafe $0.baseAddress.assumingMemoryBound(to: Float.self) }, output, lines.lowerBound,
            lines.upperBound, range.lowerBound, range.upperBound)
        }
      }
    }
  }

  /// Computes items, rows or lines, and what follows on them while they are in the nearest cache.
  private func forEachPart(
    of items: Int, elements: Int, _ output: UnsafeMutablePointer<Float>, _ start: Int, _ workspace: Workspace,
    _ compute: (Range<Int>) -> Void
  ) {
    guard !epilogue.stages.isEmpty else { return compute(0..<items) }
    let tile: Int
    switch weights {
    case .product: tile = unsafe kernels.table.pointee.f32_tile_rows
    case .depthwise: tile = 1
    }
    let step = max(1, 2 * Epilogue.block / max(1, elements * tile)) * tile
    for first in stride(from: 0, to: items, by: step) {
      let part = first..<min(first + step, items)
      compute(part)
      unsafe epilogue.apply(
        output + first * elements, workspace.operands, start: start + first * elements, count: part.count * elements)
    }
  }
}

/// A chain of convolutions that is computed some lines of the image at a time through all of them, so that what is between them stays in the
/// second-level cache and needs no memory of the arena: the inverted bottlenecks of mobile networks. The results have the same bits as those
/// of the convolutions one after the other.
///
/// Operands: image 0, those of the last link's epilogue, output 0.
@safe package struct LineChain: Sendable {
  private let stages: [LineStage]
  /// Lines of each intermediate image that are kept.
  private let capacities: [Int]
  /// Lines of the output that are computed at a time.
  private let band: Int
  private let zeros: SharedBytes
  private let threads: Int

  /// Intermediate lines should leave room for operands and weights in the second-level cache.
  private static let cacheBytes = 448 << 10
  /// An image that fits into the cache as a whole gains nothing.
  private static let worthwhileBytes = 768 << 10
  private static let weightBytes = 512 << 10

  /// - Returns: nil where the stages do not follow one another, or are better computed one after the other.
  package init?(_ stages: [LineStage], threads: Int) throws(OperatorError) {
    guard (2...8).contains(stages.count),
      stages.dropLast().allSatisfy({ $0.epilogue.stages.allSatisfy { $0.operand == nil } }),
      zip(stages, stages.dropFirst()).allSatisfy({ $0.outputShape == $1.inputShape })
    else {
      return nil
    }
    let largest = stages.dropLast().map { $0.geometry.output_height * $0.outputLineFloats * 4 }.max() ?? 0
    guard largest >= Self.worthwhileBytes, stages.reduce(0, { $0 + $1.weightBytes }) <= Self.weightBytes,
      let last = stages.last, last.geometry.output_height > 0
    else { return nil }
    func capacities(_ band: Int) -> [Int] {
      var lines = band
      var result: [Int] = []
      for stage in stages.dropFirst().reversed() {
        lines = stage.inputLines(for: lines)
        result.append(lines)
      }
      return result.reversed()
    }
    func bytes(_ band: Int) -> Int {
      zip(capacities(band), stages).reduce(0) { $0 + $1.0 * $1.1.outputLineFloats * 4 }
    }
    var band = 1
    while band < last.geometry.output_height, bytes(band + 1) <= Self.cacheBytes { band += 1 }
    guard bytes(band) <= 2 * Self.cacheBytes else { return nil }
    self.stages = stages
    self.band = band
    self.capacities = capacities(band)
    self.threads = threads
    zeros = try SharedBytes.zeroFloats(stages.map(\.geometry.input_channels).max() ?? 0)
  }

  package func kernel() -> Kernel {
    guard let last = stages.last else { return Kernel { _ in } }
    let height = last.geometry.output_height
    // Each part computes the lines again that it shares with the one before, so parts are not short.
    let parts = threads == 1 ? 1 : min(height < 64 * threads ? threads : 2 * threads, height)
    let workspace = aligned(stages.map(\.scratchBytes).max() ?? 0)
    let places = zip(capacities, stages).map { aligned($0 * $1.outputLineFloats * 4) }
    let workerBytes = places.reduce(workspace, +)
    return Kernel(scratch: [threads * workerBytes]) { io throws(OperatorError) in
      try io.forEachTile(last.geometry.batch * parts, workers: threads) { index, worker in
        let (image, part) = (index / parts, index % parts)
        guard let input = unsafe io.inputBytes(0).bindMemory(to: Float.self).baseAddress,
          let output = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress,
          let scratch = unsafe io.scratchBytes(0).baseAddress
        else { return }
        let first = stages[0]
        // Safety: sizes were checked against the operands' shapes in `infer`, and operands have the bytes of their shapes; the buffers hold the
        // lines that `capacities` says a band needs.
        unsafe run(
          lines: part * height / parts..<(part + 1) * height / parts, of: image,
          input: input + image * first.geometry.input_height * first.inputLineFloats,
          output: output + image * height * last.outputLineFloats,
          buffers: scratch + worker * workerBytes + workspace, places: places,
          LineStage.Workspace(
            zeros: zeros.baseAddress.assumingMemoryBound(to: Float.self), scratch: scratch + worker * workerBytes,
            operands: io))
      }
    }
  }

  private func run(
    lines: Range<Int>, of image: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    buffers: UnsafeMutableRawPointer, places: [Int], _ workspace: LineStage.Workspace
  ) {
    var held = InlineArray<8, Range<Int>>(repeating: 0..<0)
    var start = lines.lowerBound
    while start < lines.upperBound {
      let end = min(start + band, lines.upperBound)
      // The lines of each intermediate image that this band reads, from the last stage back to the first.
      var wanted = InlineArray<8, Range<Int>>(repeating: 0..<0)
      var (first, past) = (start, end)
      for index in stride(from: stages.count - 1, to: 0, by: -1) {
        (first, past) = (stages[index].firstInputLine(first), stages[index].endInputLine(past))
        past = max(first, past)
        wanted[index - 1] = first..<past
      }
      var source = unsafe LineStage.Lines(base: input, range: 0..<stages[0].geometry.input_height)
      var place = unsafe buffers
      for index in 0..<stages.count - 1 {
        let stage = stages[index]
        let target = unsafe place.assumingMemoryBound(to: Float.self)
        let lineFloats = stage.outputLineFloats
        // Lines that were computed for the band before and are read again move to the front.
        let kept = held[index].clamped(to: wanted[index])
        if !kept.isEmpty, kept.lowerBound > held[index].lowerBound {
          unsafe target.update(
            from: target + (kept.lowerBound - held[index].lowerBound) * lineFloats, count: kept.count * lineFloats)
        }
        let begin = kept.isEmpty ? wanted[index].lowerBound : kept.upperBound
        unsafe stage.compute(
          begin..<wanted[index].upperBound, input: source,
          output: target + (begin - wanted[index].lowerBound) * lineFloats, start: 0, workspace)
        held[index] = wanted[index]
        unsafe source = LineStage.Lines(base: UnsafePointer(target), range: wanted[index])
        unsafe place += places[index]
      }
      let last = stages[stages.count - 1]
      let line = image * last.geometry.output_height + start
      unsafe last.compute(
        start..<end, input: source, output: output + start * last.outputLineFloats, start: line * last.outputLineFloats,
        workspace)
      start = end
    }
  }
}
