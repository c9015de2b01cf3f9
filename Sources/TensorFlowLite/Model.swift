internal import FlatBuffers
internal import Foundation
internal import Kernels
internal import TFLiteRuntime

/// A model that an ``Interpreter`` runs.
final class Model {
  /// The verified model; nil when ``data`` is not one.
  let cModel: TFLiteRuntime.Model?

  /// The bytes that the model was made of; nil when it was read from a file.
  let data: Data?

  /// Maps the file at `filePath`; nil when it cannot be read or is not a valid model.
  convenience init?(filePath: String) { self.init(filePath: filePath, operators: .builtin) }

  /// Maps the file at `filePath`, whose custom operators are those of `operators`; nil when it cannot be read or is not a valid model.
  init?(filePath: String, operators: OperatorTable) {
    guard !filePath.isEmpty else { return nil }
    do throws(ModelError) {
      cModel = try TFLiteRuntime.Model(contentsOf: filePath, operators: operators)
    } catch {
      Runtime.report(error.description)
      return nil
    }
    data = nil
  }

  /// A model of a copy of the bytes. Where they are no valid model, making the interpreter fails, not this.
  init?(modelData: Data) {
    data = modelData
    do {
      cModel = try TFLiteRuntime.Model(try SharedBytes(copying: modelData.bytes))
    } catch {
      Runtime.report("\(error)")
      cModel = nil
    }
  }
}
