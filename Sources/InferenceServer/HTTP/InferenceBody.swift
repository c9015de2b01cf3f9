internal import JSONText
internal import TFLiteRuntime
internal import TensorTypes

/// The body of an inference request over HTTP: JSON, followed by raw tensors where the binary extension is used.
package struct InferenceBody: Sendable {
  package var request: InferenceRequest
  /// Outputs that the client wants raw, by name; those that are not here follow ``isBinaryByDefault``.
  package var isBinary: [String: Bool]
  package var isBinaryByDefault: Bool

  /// Reads a body.
  ///
  /// - Parameters:
  ///   - headerLength: bytes of the JSON; nil when all of the body is.
  /// - Throws: ``ServingError`` `invalidArgument`, or `unsupported` for extensions that are not there.
  package init(
    model: String, version: String, body: [UInt8], headerLength: Int?
  ) throws(ServingError) {
    let length = headerLength ?? body.count
    guard length >= 0, length <= body.count else {
      throw ServingError(
        .invalidArgument, "Inference-Header-Content-Length is \(length), but the body has \(body.count) bytes")
    }
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONReader.document(body, range: 0..<length, unread: ["data"])
    } catch {
      throw ServingError(.invalidArgument, "failed to parse the request JSON buffer: \(error)")
    }
    guard document.members != nil else {
      throw ServingError(.invalidArgument, "failed to parse the request JSON buffer: expected an object")
    }
    let parameters = try RequestParameters(document["parameters"], of: "request")
    request = InferenceRequest(model: model, version: version, inputs: [])
    switch document["id"] {
    case nil, .null: break
    case .string(let id): request.id = id
    case .integer(let id): request.id = String(id)
    default: throw ServingError(.invalidArgument, "Unable to parse 'id': expected a string")
    }
    request.timeout = try parameters.timeout
    isBinaryByDefault = try parameters.flag("binary_data_output") ?? false
    isBinary = [:]
    try parameters.refuse(["sequence_id", "sequence_start", "sequence_end"])

    var offset = length
    guard let inputs = document["inputs"]?.array else {
      throw ServingError(
        .invalidArgument, "Unable to parse 'inputs': attempt to access non-existing object member 'inputs'")
    }
    for input in inputs { request.inputs.append(try Self.tensor(input, body, &offset)) }
    guard offset == body.count else {
      throw ServingError(
        .invalidArgument,
        "unexpected size for request, expecting \(offset - length) additional bytes after the JSON, got \(body.count - length)"
      )
    }
    guard document["outputs"] == nil || document["outputs"]?.array != nil else {
      throw ServingError(.invalidArgument, "Unable to parse 'outputs': expected an array")
    }
    for output in document["outputs"]?.array ?? [] {
      guard let name = output["name"]?.string else {
        throw ServingError(
          .invalidArgument, "Unable to parse 'outputs': attempt to access non-existing object member 'name'")
      }
      let parameters = try RequestParameters(output["parameters"], of: "output '\(name)'")
      try parameters.refuse(["shared_memory_region"])
      if let count = try parameters.count("classification"), count > 0 { request.classes[name] = count }
      if let flag = try parameters.flag("binary_data") { isBinary[name] = flag }
      request.outputs.append(name)
    }
  }

  private static func tensor(
    _ input: JSONValue, _ body: [UInt8], _ offset: inout Int
  ) throws(ServingError) -> NamedTensor {
    guard let name = input["name"]?.string else {
      throw ServingError(
        .invalidArgument, "Unable to parse 'inputs': attempt to access non-existing object member 'name'")
    }
    guard let typeName = input["datatype"]?.string else {
      throw ServingError(
        .invalidArgument, "Unable to parse 'inputs': attempt to access non-existing object member 'datatype'")
    }
    guard let datatype = Datatype(rawValue: typeName) else {
      throw ServingError(.invalidArgument, "invalid datatype '\(typeName)' for input '\(name)'")
    }
    guard let dimensions = input["shape"]?.array else {
      throw ServingError(
        .invalidArgument, "Unable to parse 'inputs': attempt to access non-existing object member 'shape'")
    }
    var shape: [Int] = []
    for dimension in dimensions {
      guard let size = dimension.integer else {
        throw ServingError(.invalidArgument, "Unable to parse 'shape' of input '\(name)': expected whole numbers")
      }
      shape.append(size)
    }
    let parameters = try RequestParameters(input["parameters"], of: "input '\(name)'")
    try parameters.refuse(["shared_memory_region"])
    if let size = try parameters.count("binary_data_size") {
      guard input["data"] == nil else {
        throw ServingError(.invalidArgument, "input '\(name)' has 'data' and 'binary_data_size'")
      }
      guard size <= body.count - offset else {
        throw ServingError(
          .invalidArgument,
          "unexpected end of request: input '\(name)' has \(size) bytes, \(body.count - offset) are left")
      }
      defer { offset += size }
      return try NamedTensor(
        name: name, datatype: datatype, shape: shape, raw: Array(body[offset..<offset + size]))
    }
    guard case .unread(let range) = input["data"] else {
      throw ServingError(
        .invalidArgument, "Unable to parse 'inputs': attempt to access non-existing object member 'data'")
    }
    return try NamedTensor(name: name, datatype: datatype, shape: shape, json: body, range: range)
  }

  package func wantsBinary(_ output: String) -> Bool { isBinary[output] ?? isBinaryByDefault }
}
