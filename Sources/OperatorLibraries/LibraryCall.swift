internal import COperatorInterface
internal import Kernels
internal import TensorTypes

/// What a function of a library answered.
struct LibraryCall {
  private static let textCapacity = 512

  let status: tflite_status
  /// For `TFLITE_NEEDS_VALUE`.
  let input: Int
  /// Empty on success.
  let text: String

  var isSuccess: Bool { status == TFLITE_OK }

  /// Calls a function with room for an error. Allocates only when it fails.
  init(_ body: (UnsafeMutablePointer<tflite_error>) -> tflite_status) {
    self = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Self.textCapacity) { buffer in
      unsafe buffer.initialize(repeating: 0)
      var error = unsafe tflite_error(text: buffer.baseAddress, capacity: Self.textCapacity, input: -1)
      let status = unsafe body(&error)
      let text = status == TFLITE_OK ? "" : unsafe Self.text(UnsafeRawBufferPointer(buffer))
      return LibraryCall(status: status, input: unsafe Int(error.input), text: text)
    }
  }

  private init(status: tflite_status, input: Int, text: String) {
    self.status = status
    self.input = input
    self.text = text
  }

  /// The text up to its end or the buffer's, whatever its bytes are.
  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The error that a status other than success stands for.
  ///
  /// - Parameter isRunning: whether the function was `invoke`, which answers other errors than the rest.
  func error(in library: String, function: String, isRunning: Bool) -> OperatorError {
    let message = "\(library): " + (text.isEmpty ? "\(function) failed without saying why" : text)
    switch status {
    case Int32(TFLITE_MALFORMED): return .malformed(message)
    case Int32(TFLITE_UNSUPPORTED): return .unsupported(message)
    case Int32(TFLITE_INVALID_VALUE) where isRunning: return .invalidValue(message)
    case Int32(TFLITE_OUT_OF_MEMORY):
      return isRunning ? .invalidValue("\(message) (out of memory)") : .unsupported("\(message) (out of memory)")
    default:
      return .malformed(
        "\(library): \(function) answered \(status), which it must not" + (text.isEmpty ? "" : ": \(text)"))
    }
  }
}
