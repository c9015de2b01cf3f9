/// What a request of the REST protocol is about, by its path and method.
package enum RESTRequest: Sendable, Equatable {
  case serverMetadata
  case serverLive
  case serverReady
  case modelMetadata(name: String, version: String)
  case modelReady(name: String, version: String)
  case modelConfiguration(name: String, version: String)
  case modelStatistics(name: String?, version: String)
  case infer(name: String, version: String)
  case repositoryIndex
  case load(name: String)
  case unload(name: String)
  case metrics
  case page
  case pageData
  /// One of Triton's extensions that this server lacks.
  case unserved(String)
  /// There is such a path, for other methods only.
  case wrongMethod(allowed: String)
  case unknown

  /// - Parameter path: as it is in the request, percent-encoded.
  package init(method: String, path: String) {
    var parts: [String] = []
    for part in path.split(separator: "/") {
      guard let decoded = Self.decoded(part) else {
        self = .unknown
        return
      }
      parts.append(decoded)
    }
    if let what = Self.unserved(parts) {
      self = .unserved(what)
      return
    }
    guard let (request, allowed) = Self.resource(parts[...]) else {
      self = .unknown
      return
    }
    // What may be read may be asked for its headers alone.
    let isAllowed = method == allowed || (method == "HEAD" && allowed == "GET")
    self = isAllowed ? request : .wrongMethod(allowed: allowed)
  }

  private static func resource(_ parts: ArraySlice<String>) -> (RESTRequest, method: String)? {
    let count = parts.count
    guard let first = parts.first else { return (.page, "GET") }
    if count == 1, first == "metrics" { return (.metrics, "GET") }
    if parts == ["ui", "data"] { return (.pageData, "GET") }
    guard first == "v2" else { return nil }
    switch (count, count > 1 ? parts[1] : "", count > 2 ? parts[2] : "") {
    case (1, _, _): return (.serverMetadata, "GET")
    case (3, "health", "live"): return (.serverLive, "GET")
    case (3, "health", "ready"): return (.serverReady, "GET")
    case (3, "repository", "index"): return (.repositoryIndex, "POST")
    case (5, "repository", "models"):
      switch parts[4] {
      case "load": return (.load(name: parts[3]), "POST")
      case "unload": return (.unload(name: parts[3]), "POST")
      default: return nil
      }
    case (3, "models", "stats"): return (.modelStatistics(name: nil, version: ""), "GET")
    case (3..., "models", let name): return model(name, parts.dropFirst(3))
    default: return nil
    }
  }

  /// What Triton has at this path and this server has not.
  private static func unserved(_ parts: [String]) -> String? {
    guard parts.first == "v2", parts.count > 1 else { return nil }
    switch parts[1] {
    case "systemsharedmemory", "cudasharedmemory": return "shared memory"
    case "logging" where parts.count == 2: return "changing what is logged"
    case "trace" where parts.dropFirst(2) == ["setting"]: return "changing what is traced"
    case "models" where parts.count > 3:
      var action = parts.dropFirst(3)
      if action.first == "versions" { action = action.dropFirst(2) }
      switch Array(action) {
      case ["trace", "setting"]: return "changing what is traced"
      case ["generate"], ["generate_stream"]: return "the generate extension"
      default: return nil
      }
    default: return nil
    }
  }

  private static func model(_ name: String, _ rest: ArraySlice<String>) -> (RESTRequest, method: String)? {
    var rest = rest
    var version = ""
    if rest.first == "versions" {
      guard rest.count >= 2 else { return nil }
      version = rest[rest.startIndex + 1]
      rest = rest.dropFirst(2)
    }
    guard let action = rest.first else { return (.modelMetadata(name: name, version: version), "GET") }
    guard rest.count == 1 else { return nil }
    switch action {
    case "ready": return (.modelReady(name: name, version: version), "GET")
    case "config": return (.modelConfiguration(name: name, version: version), "GET")
    case "stats": return (.modelStatistics(name: name, version: version), "GET")
    case "infer": return (.infer(name: name, version: version), "POST")
    default: return nil
    }
  }

  /// Resolves `%41`; nil where that is malformed or no UTF-8.
  static func decoded(_ text: Substring) -> String? {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst(), let low = rest.popFirst(),
        let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16), high != UInt8(ascii: "+")
      else { return nil }
      bytes.append(value)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
