internal import TensorTypes

/// Operators at which the accelerator's compiler ends the process, so that nothing of the model is delegated.
enum CompilerAborts {
  /// Why nothing is delegated; nil where the compiler goes on.
  static func reason(_ builtin: BuiltinOperator, _ node: OperatorSignature) -> String? {
    switch builtin {
    case .scatterNd:
      guard let shape = node.input(2), shape.constant != nil, [.i64, .i16].contains(shape.type) else { return nil }
      return "the compiler ends at a shape of \(shape.type.text)"
    case .fullyConnected:
      guard node.flag(2), node.input(1)?.dimensions.last == 0 else { return nil }
      return "the compiler ends at weights of no columns whose dimensions are kept"
    default: return nil
    }
  }
}
