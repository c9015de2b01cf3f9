import Foundation

/// A folder for the files of a cache, which goes away at the end with what is in it.
package final class CacheFolder: Sendable {
  package let path = FileManager.default.temporaryDirectory.appending(path: "cache-\(UInt64.random(in: 0...(.max)))")
    .path

  package init() {}

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Makes the folder, which is not there at the beginning.
  package func make() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// The paths of what is in it, in order.
  package var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted().map { path + "/" + $0 }
  }
}
