internal import GRPCCore

/// Hands the headers that tracers look at to the service's methods, which see messages only.
struct TraceHeaders: ServerInterceptor {
  @TaskLocal static var current: [(String, String)] = []

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    var headers: [(String, String)] = []
    for name in ["traceparent", "tracestate", "baggage"] {
      for value in request.metadata[stringValues: name] { headers.append((name, value)) }
    }
    guard !headers.isEmpty else { return try await next(request, context) }
    return try await Self.$current.withValue(headers) { try await next(request, context) }
  }
}
