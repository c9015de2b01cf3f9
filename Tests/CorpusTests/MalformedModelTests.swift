import Foundation
import TFLiteRuntime
import TensorTypes
import Testing

/// Every malformed file of the corpus: no crash, no hang, and an error wherever LiteRT reports one (or crashes).
@Suite(.enabled(if: Corpus.isThere, Corpus.missing)) struct MalformedModelTests {
  @Test func allFiles() throws {
    guard let files = try Corpus.json(Corpus.path("bad", "manifest.json")) as? [[String: Any]] else {
      Issue.record("manifest.json is not a list")
      return
    }
    var refused = 0
    for description in files {
      let name = description["file"] as? String ?? ""
      let expectation = (description["litert_ref"] as? [String: Any])?["result"] as? String ?? ""
      do {
        try exercise(Corpus.path("bad", name))
        if expectation != "ok" {
          Issue.record("\(name) (\(description["what"] ?? "")): runs, LiteRT: \(expectation)")
        }
      } catch {
        refused += 1
        #expect(!error.description.isEmpty)
      }
    }
    Corpus.report("\(files.count) malformed files: \(refused) refused with an error, \(files.count - refused) ran")
  }

  /// Loads, allocates and runs a file on zeros, with limits that a small file has no business exceeding.
  private func exercise(_ path: String) throws(ModelError) {
    let limits = Limits(tensorElements: 1 << 28, arenaBytes: 1 << 28, foldedConstantBytes: 1 << 26)
    let model = try Model(contentsOf: path, limits: limits)
    for signature in [nil] + model.signatures.map({ Optional($0.key) }) {
      let interpreter = try Interpreter(model, signature: signature)
      try interpreter.allocate()
      try interpreter.invoke(deadline: .seconds(5))
      for index in interpreter.outputs.indices { _ = try interpreter.output(index) }
    }
  }
}
