internal import FlatBuffers
internal import SystemInterface
internal import TFLiteRuntime

/// The files of one model in the repository: `config.json` and folders with version numbers.
struct ModelFolder: Sendable {
  let path: String

  /// Numbers of the versions that have a folder, ascending.
  var versions: [Int] {
    get throws(ServingError) {
      try readable { () throws(FileSystemError) in try FileSystem.names(in: path) }.compactMap { name in
        guard let number = Int(name), number > 0, String(number) == name, FileSystem.isFolder("\(path)/\(name)") else {
          return nil
        }
        return number
      }.sorted()
    }
  }

  /// The bytes of `config.json`; nil when there is none.
  func configurationText() throws(ServingError) -> [UInt8]? {
    let file = "\(path)/config.json"
    guard FileStamp(file) != nil else { return nil }
    let bytes = try readable { () throws(FileSystemError) in try FileSystem.read(file, limit: 1 << 20) }
    return unsafe Array(UnsafeRawBufferPointer(start: bytes.baseAddress, count: bytes.count))
  }

  func modelPath(version: Int, _ configuration: ModelConfiguration) -> String {
    "\(path)/\(version)/\(configuration.fileName)"
  }

  /// The names of classes of each output that the configuration gives a file for: beside the model, or else beside `config.json`.
  func labels(version: Int, _ configuration: ModelConfiguration) throws(ServingError) -> [String: [[UInt8]]] {
    var labels: [String: [[UInt8]]] = [:]
    for (output, name) in configuration.labels {
      let own = "\(path)/\(version)/\(name)"
      let file = FileSystem.exists(own) ? own : "\(path)/\(name)"
      let bytes = try readable { () throws(FileSystemError) in try FileSystem.read(file, limit: 64 << 20) }
      let text = unsafe Array(UnsafeRawBufferPointer(start: bytes.baseAddress, count: bytes.count))
      labels[output] = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
        Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
      }
    }
    return labels
  }

  /// Loads a version. The file is read, not mapped: whoever overwrites it in place must not take the server with it.
  func model(version: Int, _ configuration: ModelConfiguration) throws(ServingError) -> Model {
    let file = modelPath(version: version, configuration)
    let bytes = try readable { () throws(FileSystemError) in try FileSystem.read(file, limit: 1 << 40) }
    var limits = Limits.standard
    limits.arenaBytes = configuration.maximumArenaBytes
    do throws(ModelError) {
      return try Model(bytes, externalBufferFolder: "\(path)/\(version)/", limits: limits)
    } catch {
      throw ServingError(.internal, "\(file): \(error)")
    }
  }

  private func readable<Value>(_ body: () throws(FileSystemError) -> Value) throws(ServingError) -> Value {
    do throws(FileSystemError) { return try body() } catch {
      let kind: ServingError.Kind =
        switch error.kind {
        case .notFound: .notFound
        case .tooLarge: .invalidArgument
        case .outOfMemory: .unavailable
        case .unreadable: .internal
        }
      throw ServingError(kind, error.message)
    }
  }
}
