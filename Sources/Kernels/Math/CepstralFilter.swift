internal import Glibc
internal import TensorTypes

/// Mel-frequency cepstral coefficients of squared magnitudes: triangular filters that are equally wide on the mel scale, logarithms, and a
/// discrete cosine transform.
struct CepstralFilter: Sendable {
  private let channels: Int
  private let coefficients: Int
  /// Frequencies that the filters see; empty when the spectrum is too short for them.
  private let range: ClosedRange<Int>?
  /// Whether the spectrum has all frequencies that the filters want.
  private let isComplete: Bool
  /// For each frequency the channel on whose falling side it lies; it lies on the rising side of the next one.
  private let bands: [Int]
  /// For each frequency what that channel gets; the next one gets the rest.
  private let weights: [Double]
  /// `[coefficients][channels]`.
  private let cosines: [Double]

  /// The most elements of the table of cosines.
  private static let maximumTable = 1 << 24

  /// Elements of the table of cosines.
  ///
  /// - Throws: `malformed` for numbers that contradict each other, `unsupported` for too many.
  static func tableSize(channels: Int, coefficients: Int) throws(OperatorError) -> Int {
    guard channels >= 1, coefficients >= 1, coefficients <= channels else {
      throw .malformed("\(coefficients) coefficients of \(channels) filters")
    }
    let (table, overflow) = channels.multipliedReportingOverflow(by: coefficients)
    guard !overflow, table <= maximumTable else {
      throw .unsupported(
        "\(coefficients) coefficients of \(channels) filters; up to \(maximumTable) products of both are supported")
    }
    return table
  }

  /// - Parameters:
  ///   - length: frequencies of a spectrum, from 0 to half the rate.
  ///   - rate: samples per second.
  ///   - low: the lower limit of the filters in Hz, `high` the upper.
  init(
    length: Int, rate: Int, channels: Int, coefficients: Int, low: Double, high: Double
  ) throws(OperatorError) {
    guard length >= 2, rate > 0 else { throw .invalidValue("\(length) frequencies at \(rate) samples per second") }
    guard low >= 0, high > low else { throw .malformed("filters from \(low) Hz to \(high) Hz") }
    let table = try Self.tableSize(channels: channels, coefficients: coefficients)
    self.channels = channels
    self.coefficients = coefficients
    func mel(_ frequency: Double) -> Double { 1127 * log1p(frequency / 700) }
    let bottom = mel(low)
    let spacing = (mel(high) - bottom) / Double(channels + 1)
    let centers = (0...channels).map { bottom + spacing * Double($0 + 1) }
    let step = 0.5 * Double(rate) / Double(length - 1)
    // Frequency 0 is never used.
    let first = Int(limiting: 1.5 + low / step)
    let last = Int(limiting: high / step)
    isComplete = last < length
    range = first <= last && isComplete ? first...last : nil
    var bands = [Int](repeating: -1, count: length)
    var weights = [Double](repeating: 0, count: length)
    var channel = 0
    if let range {
      for frequency in range {
        let pitch = mel(Double(frequency) * step)
        while channel < channels, centers[channel] < pitch { channel += 1 }
        bands[frequency] = channel - 1
        let before = channel == 0 ? bottom : centers[channel - 1]
        weights[frequency] = (centers[channel] - pitch) / (centers[channel] - before)
      }
    }
    self.bands = bands
    self.weights = weights
    let norm = (2 / Double(channels)).squareRoot()
    let angle = Double.pi / Double(channels)
    cosines = (0..<table).map { norm * cos(Double($0 / channels) * angle * (Double($0 % channels) + 0.5)) }
  }

  /// - Parameters:
  ///   - spectrum: squared magnitudes.
  ///   - energies: memory for a number per channel.
  func apply(_ spectrum: Span<Float>, _ energies: inout MutableSpan<Double>, _ result: inout MutableSpan<Float>) {
    guard isComplete else {
      // TFLite answers zeros.
      for i in result.indices { result[i] = 0 }
      return
    }
    for i in 0..<channels { energies[i] = 0 }
    if let range {
      for frequency in range {
        let magnitude = Double(spectrum[frequency]).squareRoot()
        let weighted = magnitude * weights[frequency]
        let channel = bands[frequency]
        if channel >= 0 { energies[channel] += weighted }
        if channel + 1 < channels { energies[channel + 1] += magnitude - weighted }
      }
    }
    for i in 0..<channels { energies[i] = log(energies[i] < 1e-12 ? 1e-12 : energies[i]) }
    for coefficient in 0..<coefficients {
      var sum = 0.0
      for i in 0..<channels { sum += cosines[coefficient * channels + i] * energies[i] }
      result[coefficient] = Float(sum)
    }
  }
}
