import Foundation
import Testing

/// The files in `Models`, which checks from outside serve, are the models of ``TestModels``. With `TFLITE_WRITE_TEST_MODELS` set, this
/// writes them.
@Test(arguments: [
  ("rows", TestModels.addRelu), ("strings", TestModels.sameStrings), ("counting", TestModels.counting),
])
func modelFilesAreCurrent(_ name: String, _ bytes: [UInt8]) throws {
  let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Models/\(name).tflite")
  if ProcessInfo.processInfo.environment["TFLITE_WRITE_TEST_MODELS"] != nil { try Data(bytes).write(to: file) }
  #expect(try [UInt8](Data(contentsOf: file)) == bytes)
}
