package import Logging
internal import Tracing

/// What all transports share: the models, the limits, and who may ask.
package struct InferenceService: Sendable {
  package let repository: ModelRepository
  package let limits: ServerLimits
  package let admission: AdmissionControl
  /// nil when everybody may ask.
  package let token: BearerToken?
  /// Whether clients may load and unload models.
  package let allowsModelControl: Bool
  package let logger: Logger

  package init(
    repository: ModelRepository, limits: ServerLimits = .init(), token: BearerToken? = nil,
    allowsModelControl: Bool = true, logger: Logger
  ) {
    self.repository = repository
    self.limits = limits
    admission = AdmissionControl(limits)
    self.token = token
    self.allowsModelControl = allowsModelControl
    self.logger = logger
  }

  /// - Throws: ``ServingError`` unless clients may load and unload models.
  package func requireModelControl() throws(ServingError) {
    guard allowsModelControl else {
      throw ServingError(
        .unavailable, "explicit model load / unload is not allowed: the server was started without model control")
    }
  }

  /// Runs a request, in a span of its own under the trace that its headers name.
  package func infer(
    _ request: InferenceRequest, cancellation: RequestCancellation, headers: [(String, String)]
  ) async throws(ServingError) -> InferenceResponse {
    var context = ServiceContext.topLevel
    InstrumentationSystem.instrument.extract(headers, into: &context, using: HeaderExtractor())
    let outcome = await withSpan("tflite.infer", context: context, ofKind: .server) {
      span -> Result<InferenceResponse, ServingError> in
      span.attributes["model.name"] = request.model
      do throws(ServingError) {
        let response = try await repository.infer(request, cancellation: cancellation)
        span.attributes["model.version"] = response.version
        return .success(response)
      } catch {
        span.setStatus(.init(code: .error, message: error.message))
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  /// The versions whose statistics are asked for.
  package func models(named name: String?, version: String) throws(ServingError) -> [ServedModel] {
    guard let name, !name.isEmpty else { return repository.readyModels }
    if !version.isEmpty { return [try repository.model(name, version: version)] }
    let found = repository.readyModels.filter { $0.name == name }
    return found.isEmpty ? [try repository.model(name)] : found
  }
}

/// Looks headers up for a tracer.
private struct HeaderExtractor: Extractor {
  func extract(key: String, from headers: [(String, String)]) -> String? {
    headers.first { $0.0.lowercased() == key.lowercased() }?.1
  }
}
