import Foundation
import TFLiteRuntime
import TensorConversion
import TensorFiles
import TensorTypes
import Testing

/// A small model of `Tests/Fixtures` with LiteRT's answers.
struct Fixture {
  let model: Model
  let arrays: NumpyArchive

  /// The repository, found from this file.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let folder = root.appending(path: "Tests/Fixtures")

  /// The names of all fixtures.
  static let names = files(in: folder)

  static let rejected = files(in: folder.appending(path: "rejected"))

  private static func files(in folder: URL) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".tflite") }.map { String($0.dropLast(".tflite".count)) }.sorted()
  }

  init(_ name: String) throws {
    model = try Model(contentsOf: Self.folder.appending(path: name + ".tflite").path)
    arrays = try NumpyArchive(contentsOf: Self.folder.appending(path: name + ".npz").path)
  }

  /// Runs one signature (subgraph 0 without one) on the stored inputs and compares its outputs.
  func check(
    signature: String? = nil, prefix: String = "", options: Interpreter.Options, delegates: [any Delegate],
    tolerance: Tolerance
  ) throws {
    let interpreter = try Interpreter(model, signature: signature, options: options, delegates: delegates)
    for (index, input) in interpreter.inputs.enumerated() {
      let array = try arrays.array(named: "\(prefix)in\(index)")
      try interpreter.setInput(index, try #require(Tensor(array, as: input.type.element)))
    }
    // The second run finds whatever the first left in memory.
    for run in 1...2 {
      try interpreter.invoke()
      for index in interpreter.outputs.indices {
        let actual = try NumpyArray(interpreter.output(index))
        let problem = tolerance.problem(actual, try arrays.array(named: "\(prefix)out\(index)"))
        #expect(problem == nil, "output \(index) in run \(run)\n\(interpreter.placement)")
      }
    }
    #expect(arrays.index(of: "\(prefix)out\(interpreter.outputs.count)") == nil, "an output was not compared")
    #expect(arrays.index(of: "\(prefix)in\(interpreter.inputs.count)") == nil, "an input was not set")
  }
}

/// How far outputs may be from the stored ones.
struct Tolerance {
  /// Quantised values and other integers.
  var steps = 0
  /// Floats.
  var absolute: Float = 1e-5

  /// What differs; nil when nothing does.
  func problem(_ actual: NumpyArray, _ expected: NumpyArray) -> String? {
    guard actual.type == expected.type, actual.shape == expected.shape else {
      return "\(actual.type.descriptor) \(actual.shape), expected \(expected.type.descriptor) \(expected.shape)"
    }
    if actual.bytes == expected.bytes { return nil }
    if let a = actual.elements(as: Float.self), let e = expected.elements(as: Float.self) {
      for index in a.indices where !(abs(a[index] - e[index]) <= absolute) {
        return "element \(index) is \(a[index]), expected \(e[index])"
      }
      return nil
    }
    if let a = actual.elements(as: Int8.self), let e = expected.elements(as: Int8.self) {
      for index in a.indices where abs(Int(a[index]) - Int(e[index])) > steps {
        return "element \(index) is \(a[index]), expected \(e[index])"
      }
      return nil
    }
    return "the \(actual.type.descriptor) elements differ"
  }
}
