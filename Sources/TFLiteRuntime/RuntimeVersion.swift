/// The version of this package: the one place where it stands.
package enum RuntimeVersion {
  /// As semantic versioning writes it.
  package static let text = "0.1.0"
}
