internal import JSONText

extension InferenceBody {
  /// The answer's bytes.
  ///
  /// - Returns: the body, and the length of its JSON when raw tensors follow.
  package func answer(_ response: InferenceResponse) throws(ServingError) -> (
    body: [UInt8], headerLength: Int?
  ) {
    let (head, raw) = try parts(response)
    guard !raw.isEmpty else { return (head, nil) }
    var body = head
    body.reserveCapacity(head.count + raw.reduce(0) { $0 + $1.count })
    for bytes in raw { body += bytes }
    return (body, head.count)
  }

  /// The JSON, and the raw tensors that follow it.
  func parts(_ response: InferenceResponse) throws(ServingError) -> (head: [UInt8], raw: [[UInt8]]) {
    var raw: [[UInt8]] = []
    var writer = JSONWriter()
    for output in response.outputs where output.datatype == .bf16 && !wantsBinary(output.name) {
      throw ServingError(
        .invalidArgument,
        "sending output '\(output.name)' of BF16 data type as JSON is not supported; ask for binary data")
    }
    writer.object { writer in
      writer.member("model_name", response.model)
      writer.member("model_version", response.version)
      if !response.id.isEmpty { writer.member("id", response.id) }
      writer.name("outputs")
      writer.array { writer in
        for output in response.outputs {
          writer.object { writer in
            writer.member("name", output.name)
            writer.member("datatype", output.datatype.rawValue)
            writer.member("shape", integers: output.shape)
            if wantsBinary(output.name) {
              let bytes = output.raw
              writer.name("parameters")
              writer.object { $0.member("binary_data_size", bytes.count) }
              raw.append(bytes)
            } else {
              writer.name("data")
              output.writeJSON(&writer)
            }
          }
        }
      }
    }
    return (writer.bytes, raw)
  }
}
