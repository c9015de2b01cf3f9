internal import GRPCCore
internal import InferenceProtocol

/// Turns away calls that do not show the bearer token. Health may be asked by everybody.
struct TokenInterceptor: ServerInterceptor {
  let token: BearerToken

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    if !Self.isHealth(context.descriptor) {
      let shown = request.metadata[stringValues: "authorization"].contains { token.matches($0) }
      guard shown else { throw RPCError(code: .unauthenticated, message: "missing or wrong bearer token") }
    }
    return try await next(request, context)
  }

  private static func isHealth(_ method: MethodDescriptor) -> Bool {
    method.service == Grpc_Health_V1_Health.descriptor || ["ServerLive", "ServerReady"].contains(method.method)
  }
}
