internal import TensorTypes

/// What went wrong with a model, and where: when it was loaded, when an interpreter was made of it, or when it ran.
public struct ModelError: Error, Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// The file or descriptor cannot be read or mapped.
    case unreadable
    /// The bytes are not a valid model: damaged, contradictory, or something else altogether.
    case malformed
    /// A legal model that needs an operator, version or type combination that is not there.
    case unsupported
    /// A limit of ``Limits`` was reached.
    case limitExceeded
    /// The caller named an input, output or signature that does not exist, or gave data that does not fit.
    case invalidArgument
    /// The caller used the interpreter in the wrong order, such as invoking it before allocating.
    case invalidState
    /// A value met while running that an operator cannot take.
    case invalidValue
    /// A delegate failed, or did not take what was required of it.
    case delegate
    case outOfMemory
    case cancelled
    case deadlineExceeded
  }

  /// The place in the model; parts that do not apply are nil.
  public struct Location: Sendable, Hashable {
    public var subgraph: Int?
    public var operatorIndex: Int?
    public var operatorName: String?
    public var tensor: Int?
    public var tensorName: String?

    public init(
      subgraph: Int? = nil, operatorIndex: Int? = nil, operatorName: String? = nil, tensor: Int? = nil,
      tensorName: String? = nil
    ) {
      self.subgraph = subgraph
      self.operatorIndex = operatorIndex
      self.operatorName = operatorName
      self.tensor = tensor
      self.tensorName = tensorName
    }
  }

  public var kind: Kind
  public var message: String
  public var location: Location

  public init(_ kind: Kind, _ message: String, at location: Location = Location()) {
    self.kind = kind
    self.message = message
    self.location = location
  }

  /// An operator's error, with the place of the operator.
  init(_ error: OperatorError, at location: Location) {
    let kind: Kind =
      switch error {
      case .malformed: .malformed
      case .unsupported: .unsupported
      case .invalidValue: .invalidValue
      case .needsValue: .unsupported
      case .outOfMemory: .outOfMemory
      case .limitExceeded: .limitExceeded
      case .cancelled: .cancelled
      case .deadlineExceeded: .deadlineExceeded
      }
    self.init(kind, error.description, at: location)
  }
}

extension ModelError: CustomStringConvertible {
  public var description: String {
    var place: [String] = []
    if let subgraph = location.subgraph { place.append("subgraph \(subgraph)") }
    if let index = location.operatorIndex {
      place.append("operator \(index)" + (location.operatorName.map { " (\($0))" } ?? ""))
    } else if let name = location.operatorName {
      place.append("operator \(name)")
    }
    if let tensor = location.tensor {
      let name = location.tensorName ?? ""
      place.append("tensor \(tensor)" + (name.isEmpty ? "" : " '\(name)'"))
    }
    return place.isEmpty ? message : place.joined(separator: ", ") + ": " + message
  }
}
