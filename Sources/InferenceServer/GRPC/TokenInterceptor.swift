internal import GRPCCore

/// Turns away calls that do not show the bearer token. Health may be asked by everybody.
struct TokenInterceptor: ServerInterceptor {
  let token: BearerToken

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    let method = context.descriptor.method
    if method != "ServerLive", method != "ServerReady" {
      let shown = request.metadata[stringValues: "authorization"].contains { token.matches($0) }
      guard shown else { throw RPCError(code: .unauthenticated, message: "missing or wrong bearer token") }
    }
    return try await next(request, context)
  }
}
