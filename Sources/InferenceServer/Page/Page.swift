/// The page for people.
enum Page {
  /// Nothing from elsewhere is loaded, and nothing is sent elsewhere.
  static let contentSecurityPolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  static let html = "<!doctype html><title>tflite serve</title>"
}
