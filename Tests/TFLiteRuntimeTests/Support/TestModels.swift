import Foundation
import Kernels
import TFLiteRuntime
import TensorConversion
import TensorFiles
import TensorTypes
import Testing

/// The models that the repository carries.
enum TestModels {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let digits = ["digits_float32", "digits_int8"]

  static func path(_ name: String) -> String {
    let folder =
      digits.contains(name) ? "Demo" : name == "unknown_custom_operator" ? "Tests/Fixtures/rejected" : "Tests/Fixtures"
    return root.appending(path: "\(folder)/\(name).tflite").path
  }

  static func load(_ name: String) throws -> Model { try Model(contentsOf: path(name)) }

  /// The names of all fixtures.
  static var fixtures: [String] {
    let files =
      (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Tests/Fixtures").path)) ?? []
    return files.filter { $0.hasSuffix(".tflite") }.map { String($0.dropLast(".tflite".count)) }.sorted()
  }

  /// The fixture `unknown_custom_operator`, y = NoSuchOperator(x, [1, 1, 1, 1]), with an implementation of its operator.
  static func custom() throws -> Model {
    try Model(contentsOf: path("unknown_custom_operator"), operators: .builtin.adding(NoSuchOperator.self))
  }
}
