public import TensorTypes

/// The custom operator `Mfcc`: the mel-frequency cepstral coefficients of spectrograms.
///
/// Inputs: squared magnitudes `float32[channels, windows, frequencies]` and the sample rate in Hz (one `int32`). The output is
/// `float32[channels, windows, coefficients]`, zero where the spectrum ends below the upper limit.
///
/// Options (a FlexBuffer map): `upper_frequency_limit` and `lower_frequency_limit` in whole Hz, `filterbank_channel_count`,
/// `dct_coefficient_count`, at most as many as channels.
public struct Mfcc: Operator {
  public static let definition = OperatorDefinition(custom: "Mfcc")

  private let high: Float
  private let low: Float
  private let channels: Int
  private let coefficients: Int

  public init(options: OperatorOptions) throws(OperatorError) {
    let map = try FlexBufferOptions(options)
    high = Float(try map.integer("upper_frequency_limit"))
    low = Float(try map.integer("lower_frequency_limit"))
    channels = Int(try map.int32("filterbank_channel_count"))
    coefficients = Int(try map.int32("dct_coefficient_count"))
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectOutput(.float32)
    let spectrum = try node.input(0)
    let rate = try node.input(1)
    guard spectrum.element == .float32, spectrum.shape.rank == 3 else {
      throw .malformed("the input must be float32[channels, windows, frequencies], not \(spectrum)")
    }
    guard rate.element == .int32, rate.shape.elementCount == 1 else {
      throw .malformed("the sample rate must be one int32, not \(rate)")
    }
    _ = try CepstralFilter.tableSize(channels: channels, coefficients: coefficients)
    guard let shape = Shape([spectrum.shape[0], spectrum.shape[1], coefficients]) else {
      throw .malformed("\(coefficients) coefficients for a spectrogram \(spectrum.shape) are too many")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let shape = try node.input(0).shape
    let windows = shape[0] * shape[1]
    let length = shape[2]
    let (high, low, channels, coefficients) = (Double(high), Double(low), channels, coefficients)
    let kernel = try Kernel.planned(node, values: [1]) { values throws(OperatorError) -> CepstralFilter in
      guard let rate = values.first?.first else { throw .malformed("the sample rate is missing") }
      return try CepstralFilter(
        length: length, rate: rate, channels: channels, coefficients: coefficients, low: low, high: high)
    } run: { io, filter throws(OperatorError) in
      var energies = io.scratch(0, as: Double.self, in: 0..<channels)
      for window in 0..<windows {
        if window % 16 == 0 { try io.context.checkStop() }
        let spectrum = io.input(0, as: Float.self, in: window * length..<(window + 1) * length)
        var result = io.output(0, as: Float.self, in: window * coefficients..<(window + 1) * coefficients)
        filter.apply(spectrum, &energies, &result)
      }
    }
    return Kernel(scratch: [channels * MemoryLayout<Double>.stride], invoke: kernel.invoke)
  }
}
