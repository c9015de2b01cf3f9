import Foundation
import InferenceServer
import Logging

/// A repository in a temporary folder, which goes with this object.
final class TestRepository {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "tflite-serve-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func add(_ name: String, version: Int = 1, _ bytes: [UInt8], configuration: String? = nil) throws {
    let folder = "\(path)/\(name)/\(version)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/model.tflite"))
    if let configuration { try write(configuration, to: "\(name)/config.json") }
  }

  func write(_ text: String, to file: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(file)"))
  }

  func remove(_ file: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(file)") }

  static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

  /// The repository, loaded.
  func open(_ limits: RepositoryLimits = .init()) async throws -> ModelRepository {
    let repository = try ModelRepository(path: path, limits: limits, logger: Self.quiet)
    await repository.loadAll()
    return repository
  }
}
