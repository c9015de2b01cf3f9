internal import GRPCCore

/// Answers a call that was cancelled because its deadline (`grpc-timeout`) had passed with `DEADLINE_EXCEEDED`, as the protocol defines. The
/// transport cancels such a call like any other.
struct DeadlineInterceptor: ServerInterceptor {
  /// The transport's clock starts a little earlier.
  private static let tolerance = Duration.milliseconds(20)

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    guard
      let timeout = request.metadata[stringValues: "grpc-timeout"].first(where: { _ in true }).flatMap(
        GRPCTimeout.duration)
    else { return try await next(request, context) }
    let start = ContinuousClock.now
    func hasPassed(_ error: RPCError) -> Bool {
      error.code == .cancelled && ContinuousClock.now - start + Self.tolerance >= timeout
    }
    let exceeded = RPCError(code: .deadlineExceeded, message: "the deadline of \(timeout) has passed")
    do {
      let response = try await next(request, context)
      if case .failure(let error) = response.accepted, hasPassed(error) {
        return StreamingServerResponse(error: exceeded)
      }
      return response
    } catch let error as RPCError where hasPassed(error) {
      throw exceeded
    }
  }
}

/// The header in which gRPC's clients say how long they wait.
package enum GRPCTimeout {
  /// The value of a `grpc-timeout` header: at most eight digits and a unit; nil for anything else.
  package static func duration(_ text: String) -> Duration? {
    guard let unit = text.last, (2...9).contains(text.utf8.count), let value = Int64(text.dropLast()), value >= 0 else {
      return nil
    }
    return switch unit {
    case "H": .seconds(value * 3600)
    case "M": .seconds(value * 60)
    case "S": .seconds(value)
    case "m": .milliseconds(value)
    case "u": .microseconds(value)
    case "n": .nanoseconds(value)
    default: nil
    }
  }
}
