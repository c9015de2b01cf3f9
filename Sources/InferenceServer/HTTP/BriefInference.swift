internal import HTTPTypes
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Tracing

/// Answers what is asked again and again: an inference over one connection, of a model that takes no time to speak of and is free.
struct BriefInference {
  /// JSON of so many bytes is read or written in a fraction of a millisecond.
  static let briefBytes = 1 << 15

  private let service: InferenceService
  /// Whether all requests are told of elsewhere, which this does not do.
  private let isWatched: Bool
  // The connection's last request: most are like it.
  private var path = ""
  private var resource = RESTRequest.unknown
  private var layout: InferenceBody.Layout?
  private var outline: AnswerOutline?
  private var date = HTTPDate()
  /// Of the request between ``mayAnswer(_:)`` and ``answer(_:_:)``.
  private var model: ServedModel?

  init(_ service: InferenceService) {
    self.service = service
    isWatched = service.logger.logLevel <= .debug || !(InstrumentationSystem.tracer is NoOpTracer)
  }

  /// Whether ``answer(_:_:)`` should be asked when the whole request is there.
  mutating func mayAnswer(_ head: HTTPRequestHead) -> Bool {
    guard !isWatched, head.method == .POST, head.version == .http1_1 else {
      return false
    }
    if head.uri != path {
      path = head.uri
      resource = path.utf8.contains(UInt8(ascii: "?")) ? .unknown : RESTRequest(method: "POST", path: path)
      layout = nil
      outline = nil
    }
    guard case .infer(let name, let version) = resource else { return false }
    var length: Int?
    for (name, value) in head.headers {
      switch HeaderKind(name, value) {
      case .plain: break
      case .length where length == nil: length = Int(value)
      case .length, .special: return false
      }
    }
    guard let length, length >= 0, length <= Self.briefBytes else { return false }
    if let token = service.token, !token.matches(head.headers.first(name: "authorization")) { return false }
    guard let model = try? service.repository.model(name, version: version), model.isBrief else { return false }
    self.model = model
    return true
  }

  /// The request is answered elsewhere.
  mutating func forget() { model = nil }

  /// nil when somebody else must answer: wrong requests are rare, and answered by who answers all others.
  mutating func answer(_ head: HTTPRequestHead, _ body: ByteBuffer) -> (head: HTTPResponseHead, body: ByteBuffer)? {
    defer { model = nil }
    guard let model, let admission = try? service.admission.admit(), (try? admission.take(body.readableBytes)) != nil
    else { return nil }
    defer { withExtendedLifetime(admission) {} }
    var headerLength: Int?
    if let text = head.headers.first(name: "inference-header-content-length") {
      guard let length = Int(text), length >= 0 else { return nil }
      headerLength = length
    }
    guard let inference = inference(Array(buffer: body), headerLength),
      let outcome = model.inferAtOnce(inference.request)
    else { return nil }
    do throws(ServingError) {
      let (bytes, length) = try answer(inference, try outcome.get())
      var headers = headers("application/json", bytes.count)
      if let length {
        headers[0].1 = "application/octet-stream"
        headers.append(("Inference-Header-Content-Length", String(length)))
      }
      return (HTTPResponseHead(version: .http1_1, status: .ok, headers: HTTPHeaders(headers)), ByteBuffer(bytes: bytes))
    } catch {
      let answer = Answer.error(error)
      var headers = headers(answer.contentType, answer.body.readableBytes)
      for field in answer.headers { headers.append((field.name.rawName, field.value)) }
      return (
        HTTPResponseHead(
          version: .http1_1, status: .init(statusCode: answer.status), headers: HTTPHeaders(headers)), answer.body
      )
    }
  }

  private mutating func inference(_ bytes: [UInt8], _ headerLength: Int?) -> InferenceBody? {
    guard case .infer(let name, let version) = resource else { return nil }
    if let layout, let inference = InferenceBody(layout, bytes, headerLength: headerLength) { return inference }
    let inference = try? InferenceBody(model: name, version: version, body: bytes, headerLength: headerLength)
    layout = inference?.layout(bytes, headerLength: headerLength)
    outline = nil
    return inference
  }

  private mutating func answer(
    _ inference: InferenceBody, _ response: InferenceResponse
  ) throws(ServingError) -> (body: [UInt8], headerLength: Int?) {
    if let outline, let body = outline.body(response) { return (body, outline.head.count) }
    let (head, raw) = try inference.parts(response)
    outline = layout == nil ? nil : AnswerOutline(response, head, raw)
    return raw.isEmpty ? (head, nil) : (InferenceBody.joined(head, raw), head.count)
  }

  private mutating func headers(_ contentType: String, _ length: Int) -> [(String, String)] {
    [
      ("Content-Type", contentType), ("Content-Length", String(length)), ("Date", date.now),
      ("Server", ServerIdentity.name),
    ]
  }
}

/// The JSON of an answer whose tensors follow raw, for the answers to requests with the same JSON.
private struct AnswerOutline {
  let head: [UInt8]
  private let version: String
  private let outputs: [TensorMetadata]

  /// nil when a tensor is in the JSON.
  init?(_ response: InferenceResponse, _ head: [UInt8], _ raw: [[UInt8]]) {
    guard raw.count == response.outputs.count,
      response.outputs.allSatisfy({ $0.datatype != .bytes })
    else { return nil }
    self.head = head
    version = response.version
    outputs = response.outputs.map {
      TensorMetadata(name: $0.name, datatype: $0.datatype, shape: $0.shape)
    }
  }

  /// nil for an answer with other JSON: of another version, or with other outputs.
  func body(_ response: InferenceResponse) -> [UInt8]? {
    let isSame =
      response.version == version
      && response.outputs.elementsEqual(outputs) {
        $0.name == $1.name && $0.datatype == $1.datatype && $0.shape == $1.shape
      }
    guard isSame else { return nil }
    return InferenceBody.joined(head, response.outputs.map(\.raw))
  }
}

/// What a header means for who may answer.
private enum HeaderKind {
  /// Changes nothing.
  case plain
  case length
  /// Needs what only the responder does.
  case special

  init(_ name: String, _ value: String) {
    // By length first: few headers are compared at all.
    switch name.utf8.count {
    case 6 where Self.isSame(name, "origin") || Self.isSame(name, "expect"): self = .special
    case 7 where Self.isSame(name, "upgrade") || Self.isSame(name, "baggage"): self = .special
    case 10 where Self.isSame(name, "connection"): self = value.lowercased() == "keep-alive" ? .plain : .special
    case 10 where Self.isSame(name, "tracestate"): self = .special
    case 11 where Self.isSame(name, "traceparent"): self = .special
    case 14 where Self.isSame(name, "content-length"): self = .length
    case 16 where Self.isSame(name, "content-encoding"): self = .special
    case 17 where Self.isSame(name, "transfer-encoding"): self = .special
    default: self = .plain
    }
  }

  private static func isSame(_ name: String, _ lowercased: StaticString) -> Bool {
    var index = 0
    for byte in name.utf8 {
      guard unsafe (byte | 0x20) == lowercased.utf8Start[index] | 0x20 else { return false }
      index += 1
    }
    return true
  }
}
