package import TFLiteRuntime
internal import TensorTypes

/// Tells which calls are so short that running them where they were made costs less than waking a thread for them.
package struct Brevity: Sendable {
  /// What a connection's thread may be kept from its other connections for, in nanoseconds.
  package static let limit: UInt64 = 200_000

  /// Longer times are all the same.
  private static let longest: UInt64 = 1_000_000_000

  private let isSteady: Bool
  private let limit: UInt64
  /// About the median of what calls with ``inputs`` took; nil when it is not known.
  private var expected: UInt64?
  private var inputs: [TensorType] = []

  /// - Parameters:
  ///   - isSteady: whether a model takes the same time for all inputs of the same shapes; no call is brief otherwise.
  ///   - limit: nanoseconds of the longest brief call.
  package init(isSteady: Bool, limit: UInt64 = Brevity.limit) {
    self.isSteady = isSteady
    self.limit = limit
  }

  /// Whether calls like the last ones are expected to be brief.
  package var isExpected: Bool { isSteady && expected.map { $0 <= limit } ?? false }

  /// Whether a call with inputs of these types is expected to be brief.
  package func expects(_ tensors: [Tensor]) -> Bool {
    isExpected && tensors.elementsEqual(inputs) { $0.type == $1 }
  }

  /// Notes how long a call took.
  package mutating func note(_ tensors: [Tensor], nanoseconds: UInt64) {
    guard isSteady else { return }
    let nanoseconds = min(nanoseconds, Self.longest)
    guard let known = expected, tensors.elementsEqual(inputs, by: { $0.type == $1 }) else {
      inputs = tensors.map(\.type)
      // The time of strings depends on what they say.
      expected = inputs.contains { $0.element == .string } ? nil : nanoseconds
      return
    }
    // A thread that had to wait for its processor says little of the next call.
    let bounded = min(nanoseconds, max(known * 2, 1000))
    expected = bounded > known ? bounded : (known * 3 + bounded) / 4
  }
}
