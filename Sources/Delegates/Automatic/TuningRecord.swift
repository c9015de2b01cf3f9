internal import TFLiteRuntime

/// What was measured of a model, and what follows.
struct TuningRecord: Sendable, Hashable {
  enum Choice: Sendable, Hashable {
    case builtin
    /// Everything that the delegate takes.
    case delegate
    /// Everything that the delegate takes but these, in ascending order.
    case mixed(builtin: [Node.Origin])
    case notMeasured(String)
  }

  var choice: Choice
  /// Medians of one invocation of the whole model; zero where nothing was measured.
  var builtinTime: Duration = .zero
  var delegateTime: Duration = .zero
  var chosenTime: Duration = .zero

  var isMeasured: Bool {
    if case .notMeasured = choice { return false }
    return true
  }
}

// As bytes, little-endian: the kind of choice (1: 0 built-in, 1 delegate, 2 mixed); the three times in nanoseconds (8 each); how many operators follow (4);
// of each the subgraph and the index (4 each).
extension TuningRecord {
  private static let fixedBytes = 1 + 3 * 8 + 4

  /// Empty for what was not measured.
  var bytes: [UInt8] {
    var kind: UInt8 = 0
    var origins: [Node.Origin] = []
    switch choice {
    case .builtin: kind = 0
    case .delegate: kind = 1
    case .mixed(let builtin): (kind, origins) = (2, builtin)
    case .notMeasured: return []
    }
    var bytes: [UInt8] = [kind]
    for time in [builtinTime, delegateTime, chosenTime] { bytes.append(littleEndian: time.wholeNanoseconds) }
    bytes.append(littleEndian: UInt32(truncatingIfNeeded: origins.count))
    for origin in origins {
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: origin.subgraph))
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: origin.index))
    }
    return bytes
  }

  /// nil unless the bytes are those of a record for a model with these numbers of operators in its subgraphs.
  init?(_ bytes: [UInt8], operatorCounts: [Int]) {
    guard bytes.count >= Self.fixedBytes else { return nil }
    let times = (0..<3).map { Duration.nanoseconds(Int64(clamping: bytes.littleEndian(at: 1 + 8 * $0) as UInt64)) }
    let count = Int(bytes.littleEndian(at: 25) as UInt32)
    guard bytes.count - Self.fixedBytes == 8 * count else { return nil }
    var origins: [Node.Origin] = []
    for position in 0..<count {
      let subgraph = Int(bytes.littleEndian(at: Self.fixedBytes + 8 * position) as UInt32)
      let index = Int(bytes.littleEndian(at: Self.fixedBytes + 8 * position + 4) as UInt32)
      guard subgraph < operatorCounts.count, index < operatorCounts[subgraph] else { return nil }
      if let last = origins.last { guard (last.subgraph, last.index) < (subgraph, index) else { return nil } }
      origins.append(Node.Origin(subgraph: subgraph, index: index))
    }
    switch (bytes[0], count) {
    case (0, 0): choice = .builtin
    case (1, 0): choice = .delegate
    case (2, 1...): choice = .mixed(builtin: origins)
    default: return nil
    }
    (builtinTime, delegateTime, chosenTime) = (times[0], times[1], times[2])
  }
}

extension Duration {
  /// From 0 on; saturates.
  var wholeNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = product.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
    return overflow || carry ? .max : sum
  }

  /// For people, such as `1.250 ms`.
  var millisecondsText: String {
    let microseconds = (wholeNanoseconds / 1000 + (wholeNanoseconds % 1000 >= 500 ? 1 : 0))
    let fraction = String(microseconds % 1000)
    return "\(microseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction) ms"
  }
}
