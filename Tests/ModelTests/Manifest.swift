/// The list of malformed models and of what LiteRT's reference kernels do with each.
struct Manifest {
  struct Entry {
    var file = ""
    var result = ""
    var message = ""
  }

  var entries: [Entry] = []

  /// Reads the lines `"key": "value"` of a manifest.
  init(path: String) throws {
    var isReference = false
    for line in String(decoding: Corpus.read(path), as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let key = parts[0].filter { $0 != "\"" && $0 != " " }
      var value = parts[1].drop { $0 == " " }
      if value.hasSuffix(",") { value.removeLast() }
      if value.hasPrefix("\"") { value = value.dropFirst().dropLast() }
      switch key {
      case "file":
        entries.append(Entry(file: String(value)))
      case "litert_ref": isReference = true
      case "litert_default": isReference = false
      case "result" where isReference: entries[entries.count - 1].result = String(value)
      case "message" where isReference: entries[entries.count - 1].message = String(value)
      default: break
      }
    }
  }
}
