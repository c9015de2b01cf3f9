internal import JSONText
internal import TFLiteRuntime
internal import TensorConversion
internal import TensorFiles

/// What is written for one record.
struct RecordResult {
  let number: Int
  let id: [UInt8]?
  let outcome: Result<[Tensor], RecordError>

  /// A line: `{"record": …, "outputs": {…}}`, or `error` in place of `outputs`.
  func json(_ names: [String]) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("record", number)
      if let id {
        writer.name("id")
        writer.raw(id)
      }
      switch outcome {
      case .success(let tensors):
        writer.name("outputs")
        writer.object { writer in
          for (name, tensor) in zip(names, tensors) {
            writer.name(name)
            tensor.writeJSON(&writer, nested: true)
          }
        }
      case .failure(let error): writer.member("error", error.description)
      }
    }
    return writer.bytes + [UInt8(ascii: "\n")]
  }

  /// A length, and an `.npz` file of the arrays `record` and those of the outputs, or `error`.
  func npz(_ names: [String]) -> [UInt8] {
    let content: [UInt8]
    do throws(TensorFileError) {
      content = try archive(outcome, names)
    } catch {
      content = (try? archive(.failure(RecordError("\(error)")), names)) ?? []
    }
    let length = UInt64(content.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + content
  }

  private func archive(
    _ outcome: Result<[Tensor], RecordError>, _ names: [String]
  ) throws(TensorFileError) -> [UInt8] {
    var arrays = [(name: "record", array: try NumpyArray([Int64(number)], shape: []))]
    switch outcome {
    case .success(let tensors):
      for (name, tensor) in zip(names, tensors) { arrays.append((name, try NumpyArray(tensor))) }
    case .failure(let error):
      arrays.append(("error", try NumpyArray(strings: [Array(error.description.utf8)], shape: [])))
    }
    return try NumpyArchive.encoded(arrays, name: "result")
  }
}
