import Foundation

@testable import TensorFlowLite

/// The models that Models/make_models.py writes.
enum ModelFile: String {
  case add, addQuantized = "add_quantized", multiAdd = "multi_add", multiSignatures = "multi_signatures"

  var path: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Models/\(rawValue).tflite").path
  }

  var data: Data { get throws { try Data(contentsOf: URL(fileURLWithPath: path)) } }
}

func data<T: BitwiseCopyable>(_ values: T...) -> Data { values.withUnsafeBytes { Data($0) } }

func values<T: BitwiseCopyable>(_ data: Data, as type: T.Type = T.self) -> [T] {
  data.withUnsafeBytes { bytes in
    (0..<bytes.count / MemoryLayout<T>.stride).map {
      bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self)
    }
  }
}
