package import Logging

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

  /// The versions whose statistics are asked for.
  package func models(named name: String?, version: String) throws(ServingError) -> [ServedModel] {
    guard let name, !name.isEmpty else { return repository.readyModels }
    if !version.isEmpty { return [try repository.model(name, version: version)] }
    let found = repository.readyModels.filter { $0.name == name }
    return found.isEmpty ? [try repository.model(name)] : found
  }
}
