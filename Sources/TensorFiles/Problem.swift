/// What is wrong with some bytes, before it is known which file and entry they came from.
struct Problem: Error {
  var reason: TensorFileError.Reason = .malformed
  var message: String

  func located(file: String, entry: String? = nil) -> TensorFileError {
    TensorFileError(file: file, entry: entry, reason: reason, message: message)
  }
}
