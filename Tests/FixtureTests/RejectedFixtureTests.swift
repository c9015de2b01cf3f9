import Foundation
import TFLiteRuntime
import Testing

/// Files that must be refused with an error that a person can use.
@Suite struct RejectedFixtureTests {
  private func refusal(_ name: String) throws -> ModelError {
    let path = Fixture.folder.appending(path: "rejected/\(name).tflite").path
    do throws(ModelError) {
      let interpreter = try Interpreter(try Model(contentsOf: path))
      try interpreter.allocate()
    } catch {
      return error
    }
    Issue.record("\(name) was accepted")
    throw ModelError(.malformed, "")
  }

  @Test(arguments: Fixture.rejected) func isRefused(name: String) throws {
    let error = try refusal(name)
    #expect(error.message.count >= 10, "\(error)")
    #expect(error.description.hasSuffix(error.message))
    #expect(!error.description.contains("Optional("))
  }

  /// What each error says, and where it says it is.
  @Test(arguments: [
    ("unknown_custom_operator", ModelError.Kind.unsupported, ["subgraph 0", "operator 0", "NoSuchOperator"]),
    ("unknown_version", .unsupported, ["subgraph 0", "operator 0", "ADD", "99"]),
    ("tensor_index_out_of_range", .malformed, ["subgraph 0", "operator 0", "1000"]),
    ("constant_too_short", .malformed, ["subgraph 0", "tensor 1", "8", "16"]),
    ("truncated", .malformed, []),
    ("wrong_identifier", .malformed, ["TFL3"]),
    ("empty", .malformed, []),
  ]) func errorNamesThePlace(name: String, kind: ModelError.Kind, parts: [String]) throws {
    let error = try refusal(name)
    #expect(error.kind == kind)
    for part in parts { #expect(error.description.contains(part), "'\(part)' is missing in: \(error)") }
  }

  @Test func missingFile() {
    let path = Fixture.folder.appending(path: "no such file.tflite").path
    let error = #expect(throws: ModelError.self) { try Model(contentsOf: path) }
    #expect(error?.kind == .unreadable)
    #expect(error?.description.contains("no such file.tflite") == true)
  }
}
