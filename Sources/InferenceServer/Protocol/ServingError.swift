/// Why a request was not served, as the protocol's clients learn it.
package struct ServingError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: Sendable, Equatable {
    /// The request contradicts the protocol or the model.
    case invalidArgument
    case notFound
    /// Over a limit of the server, or out of time: the same request may succeed later.
    case unavailable
    /// More bytes than the server takes.
    case tooLarge
    case unsupported
    case unauthenticated
    case forbidden
    case cancelled
    case `internal`
  }

  package let kind: Kind
  package let message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  package var description: String { message }

  static let cancelled = ServingError(.cancelled, "request was cancelled")
  static let timeout = ServingError(.unavailable, "Request timeout expired")
  static let queueFull = ServingError(.unavailable, "Exceeds maximum queue size")
}
