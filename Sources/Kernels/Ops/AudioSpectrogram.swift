internal import Glibc
public import TensorTypes

/// The custom operator `AudioSpectrogram`: the magnitudes of the frequencies in overlapping windows of audio.
///
/// The input is `float32[samples, channels]`, the output `float32[channels, windows, frequencies]`. A window is multiplied with a periodic Hann
/// window and filled up with zeros to the next power of two `n`; there are `n / 2 + 1` frequencies.
///
/// Options (a FlexBuffer map): `window_size` in samples, at least 2; `stride`, samples from one window to the next, at least 1;
/// `magnitude_squared`.
public struct AudioSpectrogram: Operator {
  public static let definition = OperatorDefinition(custom: "AudioSpectrogram")

  private let window: Int
  private let step: Int
  private let isSquared: Bool

  public init(options: OperatorOptions) throws(OperatorError) {
    let map = try FlexBufferOptions(options)
    window = Int(try map.int32("window_size"))
    step = Int(try map.int32("stride"))
    isSquared = try map.bool("magnitude_squared")
  }

  /// The least power of two that a window fits in.
  private var length: Int {
    var length = 2
    while length < window { length *= 2 }
    return length
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    try node.expectOutput(.float32)
    let input = try node.input(0)
    guard input.element == .float32, input.shape.rank == 2 else {
      throw .malformed("the input must be float32[samples, channels], not \(input)")
    }
    guard window >= 2, step >= 1 else { throw .malformed("windows of \(window) samples, \(step) apart") }
    let samples = input.shape[0]
    let windows = samples < window ? 0 : 1 + (samples - window) / step
    guard let shape = Shape([input.shape[1], windows, 1 + length / 2]) else {
      throw .malformed("\(windows) windows of \(window) samples are too large")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let output = try node.output(0).shape
    let channels = try node.input(0).shape[1]
    guard output.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    let (windows, frequencies) = (output[1], output[2])
    let (window, step, isSquared) = (window, step, isSquared)
    // The input is at least as long as a window, so neither table is much longer than it.
    let transform = SpectralTransform(count: length)
    let weights = (0..<window).map { 0.5 - 0.5 * cos(2 * Double.pi * Double($0) / Double(window)) }
    let workers = node.threads
    let bytes = aligned(transform.count * MemoryLayout<Double>.stride)
    return Kernel(scratch: [workers * bytes]) { io throws(OperatorError) in
      try io.forEachTile(channels * windows, workers: workers) { item, worker in
        let (channel, start) = (item / windows, item % windows * step)
        let x = io.input(0, as: Float.self)
        let first = worker * bytes / MemoryLayout<Double>.stride
        var values = io.scratch(0, as: Double.self, in: first..<first + transform.count)
        for i in 0..<window { values[i] = Double(x[(start + i) * channels + channel]) * weights[i] }
        for i in window..<transform.count { values[i] = 0 }
        var y = io.output(0, as: Float.self, in: item * frequencies..<(item + 1) * frequencies)
        transform.squaredMagnitudes(&values) { frequency, magnitude in
          y[frequency] = isSquared ? Float(magnitude) : Float(magnitude).squareRoot()
        }
      }
    }
  }
}
