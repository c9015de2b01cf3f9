/// What the server says of itself.
package enum ServerIdentity {
  package static let name = "tflite"
  package static let version = "0.1.0"
  /// The platform of all models.
  package static let platform = "tflite"
  /// The protocol's extensions that are served, by Triton's names.
  package static let extensions = [
    "binary_tensor_data", "model_repository", "model_configuration", "statistics", "schedule_policy", "parameters",
  ]
}
