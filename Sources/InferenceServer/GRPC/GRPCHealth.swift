internal import GRPCCore
internal import InferenceProtocol
internal import SwiftProtobuf

/// gRPC's own health service, which Kubernetes' probes and load balancers ask.
struct GRPCHealth: Grpc_Health_V1_Health.SimpleServiceProtocol {
  private typealias Status = Grpc_Health_V1_HealthCheckResponse.ServingStatus

  /// Those whose health is known; the empty name stands for the whole server.
  private static let services = ["", Inference_GRPCInferenceService.descriptor.fullyQualifiedService]

  let service: InferenceService
  let shutdown: ShutdownState

  func check(
    request: Grpc_Health_V1_HealthCheckRequest, context: ServerContext
  ) async throws -> Grpc_Health_V1_HealthCheckResponse {
    guard let status = status(of: request.service) else {
      throw RPCError(code: .notFound, message: "there is no service '\(request.service)'")
    }
    return .with { $0.status = status }
  }

  func list(
    request: Grpc_Health_V1_HealthListRequest, context: ServerContext
  ) async throws -> Grpc_Health_V1_HealthListResponse {
    .with { response in
      for name in Self.services { response.statuses[name] = .with { $0.status = status(of: name) ?? .unknown } }
    }
  }

  func watch(
    request: Grpc_Health_V1_HealthCheckRequest, response: RPCWriter<Grpc_Health_V1_HealthCheckResponse>,
    context: ServerContext
  ) async throws {
    let (changes, end) = service.repository.changes.watch()
    defer { end() }
    try await shutdown.observed(by: end) {
      try await withRPCCancellationHandler {
        // A call that is cancelled by now has no handler.
        if context.cancellation.isCancelled { end() }
        var last: Status?
        func report() async throws {
          let status = status(of: request.service) ?? .serviceUnknown
          guard status != last else { return }
          last = status
          try await response.write(.with { $0.status = status })
        }
        for await _ in changes { try await report() }
        // A client that has gone hears nothing; one whose server goes hears of it.
        if shutdown.hasBegun { try await report() }
      } onCancelRPC: {
        end()
      }
    }
  }

  /// nil for a service that is not here.
  private func status(of name: String) -> Status? {
    guard Self.services.contains(name) else { return nil }
    return service.repository.isReady && !shutdown.hasBegun ? .serving : .notServing
  }
}
