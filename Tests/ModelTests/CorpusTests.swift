import Glibc
import Kernels
import TFLiteRuntime
import TensorTypes
import Testing

@Suite(.enabled(if: Corpus.isPresent, "TFLITE_CORPUS is not set"))
struct CorpusTests {
  @Test func everyModelThatLiteRTRunsLoads() {
    let paths = Corpus.validModels()
    #expect(paths.count > 1000)
    for path in paths {
      do {
        _ = try Model(contentsOf: path)
      } catch {
        Issue.record("\(path): \(error)")
      }
    }
  }

  /// Whether the operator and version that LiteRT did not find, because its reference kernels lack it, has a kernel here.
  private func isImplemented(_ message: String) -> Bool {
    // "Didn't find op for builtin opcode 'NAME' version '1'": the first quote is an apostrophe.
    let parts = message.split(separator: "'")
    guard message.contains("builtin opcode '"), parts.count >= 5, let version = Int(parts[4]) else { return false }
    return OperatorTable.builtin.definitions.contains { $0.name == parts[2] && $0.versions.contains(version) }
  }

  @Test func everyModelThatLiteRTRefusesIsRefused() throws {
    let folder = try #require(Corpus.folder) + "/bad"
    let manifest = try Manifest(path: folder + "/manifest.json")
    #expect(manifest.entries.count > 400)
    for entry in manifest.entries {
      do {
        let model = try Model(contentsOf: "\(folder)/\(entry.file)")
        guard entry.result == "load_error" else { continue }
        // LiteRT looks operators up when it loads; here the nodes say so.
        if isKnown(entry.message) { continue }
        let isUnsupported = entry.message.contains("Didn't find op") || entry.message.contains("out of range: ")
        let hasFailure = model.subgraphs.contains { graph in
          graph.nodes.contains { node in if case .failure = node.implementation { true } else { false } }
        }
        if isUnsupported, isImplemented(entry.message) { continue }
        // A shape without a size can be inspected; interpreters refuse it.
        if model.subgraphs.contains(where: { $0.tensors.contains(where: \.isUnsized) }) { continue }
        if !(isUnsupported && hasFailure) { Issue.record("\(entry.file) loads; LiteRT: \(entry.message)") }
      } catch {
        if getenv("TFLITE_VERBOSE") != nil { print("\(entry.file) [\(entry.result)]: \(error)") }
        #expect(!error.message.isEmpty)
      }
    }
  }

  /// Whether LiteRT's complaint is that its table of reference kernels lacks an operator that there is a kernel for here.
  private func isKnown(_ message: String) -> Bool {
    guard message.contains("Didn't find op for builtin opcode '") else { return false }
    return BuiltinOperator.allCases.contains {
      message.contains("'\($0.name)'") && OperatorTable.builtin.registration(of: .builtin($0)) != nil
    }
  }
}
