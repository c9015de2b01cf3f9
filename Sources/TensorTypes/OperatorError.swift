/// Why an operator cannot be prepared or run. The runtime adds where: subgraph, operator and tensor.
public enum OperatorError: Error, Sendable, Hashable {
  /// Options, number of operands, shapes or constant values that contradict the operator's definition.
  case malformed(String)
  /// A combination of types, version or options that is legal but has no kernel; says what would be supported.
  case unsupported(String)
  /// A value met while running that the operator cannot take, such as an index outside its range.
  case invalidValue(String)
  /// The output shape depends on the value of this input, which is not a constant: ask again when it has been computed.
  case needsValue(input: Int)
  case outOfMemory(bytes: Int)
  /// More than a limit of the embedder allows; says which.
  case limitExceeded(String)
  /// The caller cancelled the invocation.
  case cancelled
  /// The invocation ran past its deadline.
  case deadlineExceeded
}

extension OperatorError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let what), .unsupported(let what), .invalidValue(let what), .limitExceeded(let what): what
    case .needsValue(let input): "the value of input \(input) is not known before the model runs"
    case .outOfMemory(let bytes): "cannot allocate \(bytes) bytes"
    case .cancelled: "cancelled"
    case .deadlineExceeded: "deadline exceeded"
    }
  }
}
