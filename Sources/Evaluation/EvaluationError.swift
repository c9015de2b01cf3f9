/// Why a classifier cannot be evaluated on the samples given.
package struct EvaluationError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Reason: Hashable, Sendable {
    /// The model's input or output is not that of a classifier.
    case model
    /// A data set lacks an array or a file, or has the wrong type or shape.
    case dataset
    /// A label is no class of the output.
    case label
  }

  package let reason: Reason
  /// One line, without a full stop.
  package let description: String

  init(_ reason: Reason, _ description: String) {
    self.reason = reason
    self.description = description
  }
}
