internal import TFLiteRuntime
internal import TensorTypes

/// Tells which calls are so short that running them where they were made costs less than waking a thread for them.
struct Brevity {
  /// What a connection's thread may be kept from its other connections for, in nanoseconds.
  static let limit: UInt64 = 200_000

  private let isSteady: Bool
  /// About the median of what calls with ``inputs`` took; nil when it is not known.
  private var expected: UInt64?
  private var inputs: [TensorType] = []

  /// - Parameter isSteady: whether a model takes the same time for all inputs of the same shapes; no call is brief otherwise.
  init(isSteady: Bool) { self.isSteady = isSteady }

  func expects(_ call: InferenceCall) -> Bool {
    guard isSteady, let expected, expected <= Self.limit else { return false }
    return call.inputs.elementsEqual(inputs) { $0.type == $1 }
  }

  mutating func note(_ call: InferenceCall, nanoseconds: UInt64) {
    guard isSteady else { return }
    guard let known = expected, call.inputs.elementsEqual(inputs, by: { $0.type == $1 }) else {
      inputs = call.inputs.map(\.type)
      // The time of strings depends on what they say.
      expected = inputs.contains { $0.element == .string } ? nil : nanoseconds
      return
    }
    // A thread that had to wait for its processor says little of the next call.
    let bounded = min(nanoseconds, known &* 2)
    expected = bounded > known ? bounded : (known * 3 + bounded) / 4
  }
}
