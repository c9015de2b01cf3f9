internal import TFLiteRuntime

/// What the server says of itself.
package enum ServerIdentity {
  package static let name = "tflite"
  package static var version: String { RuntimeVersion.text }
  /// The platform of all models.
  package static let platform = "tflite"
  /// The protocol's extensions that are served, by Triton's names.
  package static let extensions = [
    "binary_tensor_data", "classification", "model_repository", "model_configuration", "statistics", "schedule_policy",
    "parameters",
  ]
}
