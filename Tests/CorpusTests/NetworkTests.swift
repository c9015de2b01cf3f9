import Delegates
import Foundation
import TFLiteRuntime
import TensorConversion
import TensorFiles
import TensorTypes
import Testing

/// The real networks of the corpus, on the built-in kernels and on XNNPACK.
@Suite(.serialized, .enabled(if: Corpus.isThere, Corpus.missing)) struct NetworkTests {
  static let wave = 2

  static let networks: [String] = {
    guard Corpus.isThere, let index = try? String(contentsOfFile: Corpus.path("models", "INDEX.md"), encoding: .utf8)
    else {
      return []
    }
    let only = ProcessInfo.processInfo.environment["NETWORKS_ONLY"]?.split(separator: ",").map(String.init)
    return index.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count > 2, let number = Int(cells[0]), number <= wave else { return nil }
      if let only, !only.contains(cells[1]) { return nil }
      return cells[1]
    }
  }()

  @Test(arguments: networks) func builtinKernels(name: String) throws {
    if try signatures(name) { return }
    try check(name, delegates: [], threads: 2)
  }

  @Test(arguments: networks) func xnnpack(name: String) throws {
    if Self.signatureCases(name) != nil { return }
    try check(name, delegates: [.xnnpack()], threads: 2)
  }

  /// What `cases.json` says of a network with several signatures; nil for other networks.
  static func signatureCases(_ name: String) -> [String: [String: Any]]? {
    let path = Corpus.path("models", name, "cases.json")
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let json = try? Corpus.json(path)
    if let named = json as? [String: [String: Any]] { return named }
    guard let list = json as? [[String: Any]] else { return nil }
    return Dictionary(
      list.map { (($0["name"] as? String) ?? ($0["suffix"] as? String) ?? "", $0) }, uniquingKeysWith: { $1 })
  }

  /// Runs the signatures of a network that has several, with inputs and outputs by name.
  func signatures(_ name: String) throws -> Bool {
    guard let cases = Self.signatureCases(name) else { return false }
    let folder = Corpus.path("models", name)
    let meta = try Corpus.json(folder + "/meta.json") as? [String: Any] ?? [:]
    let model = try Model(contentsOf: folder + "/model.tflite")
    for (suffix, description) in cases {
      let inputs = try NumpyArchive(contentsOf: folder + "/inputs\(suffix).npz")
      let expected = try NumpyArchive(contentsOf: folder + "/outputs\(suffix).npz")
      let interpreter = try Interpreter(
        model, signature: description["signature"] as? String, options: .init(threads: 2))
      for (index, input) in interpreter.inputs.enumerated() {
        let tensor = try #require(Tensor(inputs.array(named: input.name), as: input.type.element))
        try interpreter.setInput(index, tensor)
      }
      try interpreter.invoke()
      for (index, output) in interpreter.outputs.enumerated() {
        let actual = try NumpyArray(interpreter.output(index))
        let wanted = try expected.array(named: output.name)
        let largest = (wanted.reals ?? []).filter(\.isFinite).map(abs).max() ?? 0
        let tolerance = Tolerance.absolute(max(4 * Self.recordedDifference(meta), 1e-5 * largest))
        if let problem = difference(actual, wanted, actual.isReal ? tolerance : .exact) {
          Issue.record("\(name), \(suffix), output '\(output.name)': \(problem)")
        }
      }
    }
    return true
  }

  func check(_ name: String, delegates: [any Delegate], threads: Int) throws {
    let folder = Corpus.path("models", name)
    let meta = try Corpus.json(folder + "/meta.json") as? [String: Any] ?? [:]
    let model = try Model(contentsOf: folder + "/model.tflite")
    let suffixes = try Corpus.names(in: folder).compactMap { file -> String? in
      guard file.hasPrefix("inputs"), file.hasSuffix(".npz") else { return nil }
      return String(file.dropFirst("inputs".count).dropLast(".npz".count))
    }
    for suffix in suffixes {
      let inputs = try NumpyArchive(contentsOf: folder + "/inputs\(suffix).npz")
      let expected = try NumpyArchive(contentsOf: folder + "/outputs\(suffix).npz")
      let referencePath = folder + "/outputs_ref\(suffix).npz"
      let reference =
        FileManager.default.fileExists(atPath: referencePath) ? try NumpyArchive(contentsOf: referencePath) : nil
      let interpreter = try Interpreter(model, options: .init(threads: threads), delegates: delegates)
      for (index, input) in interpreter.inputs.enumerated() {
        let tensor = try #require(Tensor(inputs.array(named: "\(index)"), as: input.type.element))
        try interpreter.resizeInput(index, to: tensor.type.shape.dimensions)
      }
      for (index, input) in interpreter.inputs.enumerated() {
        try interpreter.setInput(index, try #require(Tensor(inputs.array(named: "\(index)"), as: input.type.element)))
      }
      try interpreter.invoke()
      for index in interpreter.outputs.indices {
        let actual = try NumpyArray(interpreter.output(index))
        let isExact = !actual.isReal && delegates.isEmpty && reference != nil
        let wanted = try (isExact ? reference ?? expected : expected).array(named: "\(index)")
        let tolerance: Tolerance
        if actual.isReal {
          let largest = (wanted.reals ?? []).filter(\.isFinite).map(abs).max() ?? 0
          tolerance = .absolute(max(4 * Self.recordedDifference(meta), 1e-5 * largest))
        } else {
          tolerance = isExact ? .exact : .steps(max(3, 2 * Self.recordedDifference(meta)))
        }
        if case .int64 = actual.type, !isExact {
          // Class indices: a score that is one step off changes the class of a pixel on a border, by any amount.
          let agreement = zip(actual.reals ?? [], wanted.reals ?? []).filter { $0 == $1 }.count
          #expect(
            agreement * 100 >= actual.count * 99, "\(name)\(suffix): \(agreement) of \(actual.count) classes agree")
        } else if let problem = difference(actual, wanted, tolerance) {
          Issue.record("\(name)\(suffix), output \(index): \(problem)")
        }
      }
    }
  }

  /// The difference between LiteRT's XNNPACK and its reference kernels that was recorded with the model.
  static func recordedDifference(_ meta: [String: Any]) -> Double {
    (meta["max_abs_diff_xnnpack_ref"] as? Double) ?? (meta["max_abs_diff_xnnpack_builtin"] as? Double) ?? 0
  }
}
