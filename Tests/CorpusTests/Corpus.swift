import Foundation
import TFLiteRuntime
import TensorConversion
import TensorFiles
import TensorTypes
import Testing

/// The corpora: real networks, operator cases and malformed files, in the folder that the environment variable `TFLITE_CORPUS` names.
enum Corpus {
  static let folder: String? = {
    guard let path = ProcessInfo.processInfo.environment["TFLITE_CORPUS"], !path.isEmpty else { return nil }
    return path
  }()

  /// The threads that models run with: `CORPUS_THREADS`, or 2.
  static let threads = ProcessInfo.processInfo.environment["CORPUS_THREADS"].flatMap { Int($0) } ?? 2

  static var isThere: Bool { folder != nil }
  static let missing: Comment = "TFLITE_CORPUS names no folder; these tests need the corpora"

  static func path(_ parts: String...) -> String { ([folder ?? ""] + parts).joined(separator: "/") }

  /// Reads JSON as Python writes it: `NaN` and `Infinity`, which JSON does not know, become null.
  static func json(_ path: String) throws -> Any {
    let text = try String(contentsOfFile: path, encoding: .utf8)
      .replacing(/:\s*(-?Infinity|NaN)/, with: ": null")
      .replacing(/([\[,]\s*)(-?Infinity|NaN)/) { "\($0.1)null" }
    return try JSONSerialization.jsonObject(with: Data(text.utf8))
  }

  static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  /// Text for the person who reads the test's output.
  static func report(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

/// How far an output may be from what is expected.
enum Tolerance {
  case exact
  /// Integers may differ by this much.
  case steps(Double)
  /// Floats may differ by this much.
  case absolute(Double)
}

/// Compares an output with an expected array; nil when they agree, otherwise what differs.
func difference(_ actual: NumpyArray, _ expected: NumpyArray, _ tolerance: Tolerance) -> String? {
  if let strings = expected.strings {
    guard actual.shape == expected.shape else { return "shape \(actual.shape), expected \(expected.shape)" }
    return actual.strings == strings ? nil : "strings differ"
  }
  guard actual.type == expected.type else {
    return "type \(actual.type.descriptor), expected \(expected.type.descriptor)"
  }
  guard actual.shape == expected.shape else { return "shape \(actual.shape), expected \(expected.shape)" }
  if actual.bytes == expected.bytes { return nil }
  guard let a = actual.reals, let e = expected.reals else { return "bytes differ" }
  let allowed: Double
  switch tolerance {
  case .exact: allowed = 0
  case .steps(let steps): allowed = steps
  case .absolute(let value): allowed = value
  }
  var worst = 0.0
  var position = -1
  var count = 0
  for index in a.indices {
    if a[index] == e[index] || (a[index].isNaN && e[index].isNaN) { continue }
    let delta = abs(a[index] - e[index])
    if !(delta <= allowed) { count += 1 }
    if delta.isNaN || delta > worst {
      worst = delta.isNaN ? .infinity : delta
      position = index
    }
  }
  guard count > 0, position >= 0 else { return nil }
  return
    "\(count) of \(a.count) elements differ by more than \(allowed); worst at \(position): \(a[position]), expected \(e[position])"
}

extension NumpyArray {
  /// The elements as doubles, both parts of complex numbers; nil for strings.
  var reals: [Double]? {
    func read<T: BitwiseCopyable>(_: T.Type, _ convert: (T) -> Double) -> [Double] {
      bytes.withUnsafeBytes { buffer in
        (0..<buffer.count / MemoryLayout<T>.stride).map {
          convert(buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self))
        }
      }
    }
    switch type {
    case .bool, .uint8: return read(UInt8.self) { Double($0) }
    case .int8: return read(Int8.self) { Double($0) }
    case .int16: return read(Int16.self) { Double($0) }
    case .uint16: return read(UInt16.self) { Double($0) }
    case .int32: return read(Int32.self) { Double($0) }
    case .uint32: return read(UInt32.self) { Double($0) }
    case .int64: return read(Int64.self) { Double($0) }
    case .uint64: return read(UInt64.self) { Double($0) }
    case .float16: return read(Float16.self) { Double($0) }
    case .float32, .complex64: return read(Float.self) { Double($0) }
    case .float64, .complex128: return read(Double.self) { $0 }
    case .bytes, .unicode: return nil
    }
  }

  /// Whether the elements are floats or made of floats.
  var isReal: Bool {
    switch type {
    case .float16, .float32, .float64, .complex64, .complex128: true
    default: false
    }
  }
}
