import Foundation
import TFLiteRuntime
import Testing

/// What fuzzing found once, and what it starts from: nothing of it may crash, hang or be reported by a sanitizer.
@Suite struct FuzzFixtureTests {
  private static func models(in folder: URL) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "tflite" }.sorted { $0.path < $1.path }
  }

  /// Runs a file, and answers whether it ran to its end; an error is an answer too.
  private func exercise(_ file: URL) throws -> Bool {
    let bytes = [UInt8](try Data(contentsOf: file))
    let start = ContinuousClock.now
    var ran = true
    do throws(ModelError) { try ModelExercise.run(bytes) } catch {
      ran = false
      #expect(!error.message.isEmpty, "\(file.lastPathComponent)")
    }
    // Far more than the deadlines of all invocations, for slow machines and builds.
    #expect(ContinuousClock.now - start < .seconds(60), "\(file.lastPathComponent)")
    return ran
  }

  @Test func findings() throws {
    let folder = Fixture.folder.appending(path: "fuzz")
    guard FileManager.default.fileExists(atPath: folder.path) else { return }
    for file in try Self.models(in: folder) { _ = try exercise(file) }
  }

  @Test func fixtures() throws {
    let files = try Self.models(in: Fixture.folder)
    var ran = 0
    for file in files where try exercise(file) { ran += 1 }
    // Some inputs take no other shape.
    #expect(ran > files.count / 2)
    for file in try Self.models(in: Fixture.folder.appending(path: "rejected")) { #expect(try !exercise(file)) }
  }

  @Test func seeds() throws {
    let folder = Fixture.root.appending(path: "Fuzz/seeds")
    let files = try Self.models(in: folder)
    #expect(files.count > 100)
    for file in files { _ = try exercise(file) }
  }
}
