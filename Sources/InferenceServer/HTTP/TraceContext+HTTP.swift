internal import HTTPTypes

extension TraceContext {
  /// The headers that tracers look at.
  static func headers(_ fields: HTTPFields) -> [(String, String)] {
    fields.compactMap { field in
      switch field.name.canonicalName {
      case "traceparent", "tracestate", "baggage": (field.name.canonicalName, field.value)
      default: nil
      }
    }
  }
}
