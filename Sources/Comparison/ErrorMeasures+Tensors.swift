package import TFLiteRuntime
internal import TensorTypes

extension ErrorMeasures {
  /// Measures a tensor by its ``TFLiteRuntime/Tensor/numbers``; nil when shapes differ, or only one of the two has numbers.
  ///
  /// Elements that are no numbers (strings; bytes of handles and 8-bit floating-point types) are either the same or cannot be compared.
  package init?(_ tensor: Tensor, reference: Tensor) {
    guard tensor.type.shape == reference.type.shape else { return nil }
    if let values = tensor.numbers, let expected = reference.numbers {
      self.init(values, reference: expected)
      return
    }
    guard tensor.type.element == reference.type.element else { return nil }
    let differences: [Bool]
    if let strings = tensor.strings, let expected = reference.strings {
      differences = zip(strings, expected).map { $0 != $1 }
    } else {
      differences = zip(tensor.bytes, reference.bytes).map { $0 != $1 }
    }
    self.init(differences.map { $0 ? .nan : 0 }, reference: [Double](repeating: 0, count: differences.count))
  }
}
