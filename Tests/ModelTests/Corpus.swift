import Glibc

/// Files of the corpora, which a fresh clone does not have.
enum Corpus {
  /// The folder that the environment variable TFLITE_CORPUS names; nil when unset.
  static let folder: String? = getenv("TFLITE_CORPUS").map { String(cString: $0) }

  static var isPresent: Bool { folder != nil }

  /// The names in a folder, sorted; empty when it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// All models that LiteRT runs.
  static func validModels() -> [String] {
    guard let folder else { return [] }
    let models = names(in: folder + "/models").map { "\(folder)/models/\($0)/model.tflite" }
    let cases = names(in: folder + "/conformance").flatMap { name in
      names(in: "\(folder)/conformance/\(name)").filter { $0.hasSuffix(".tflite") }
        .map { "\(folder)/conformance/\(name)/\($0)" }
    }
    return (models + cases).filter { access($0, R_OK) == 0 }
  }

  static func read(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
      count = 0
      while count < buffer.count {
        let step = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
        guard step > 0 else { return }
        count += step
      }
    }
  }
}
