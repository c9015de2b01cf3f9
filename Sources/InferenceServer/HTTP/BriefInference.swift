internal import HTTPTypes
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Tracing

/// Answers what is asked again and again: inferences over one connection, of a model that takes no time to speak of and is free. For the connection's
/// event loop only.
final class BriefInference {
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
  /// What the head of the last request that was answered means.
  private var form: Form?
  /// Requests of this form begin with these bytes.
  private var repeated: (head: ByteBuffer, form: Form)?
  /// For who follows the bytes that are decoded.
  var decoded = RequestFraming.Decoded()

  /// What a request's head says of its body.
  private struct Form {
    var bodyLength: Int
    /// Of the JSON, when raw tensors follow it.
    var jsonLength: Int?
  }

  init(_ service: InferenceService) {
    self.service = service
    isWatched = service.logger.logLevel <= .debug || !(InstrumentationSystem.tracer is NoOpTracer)
  }

  // MARK: Requests that were decoded

  /// Whether ``answer(_:_:)`` should be asked when the whole request is there. To be told of every head.
  func mayAnswer(_ head: HTTPRequestHead) -> Bool {
    form = nil
    let framing = HeaderFraming(head.headers)
    decoded.heads += 1
    decoded.bodyLength = framing.bodyLength
    guard !isWatched, head.method == .POST, head.version == .http1_1 else { return false }
    if head.uri != path {
      path = head.uri
      resource = path.utf8.contains(UInt8(ascii: "?")) ? .unknown : RESTRequest(method: "POST", path: path)
      layout = nil
      outline = nil
      repeated = nil
    }
    guard framing.hasLength, let length = framing.bodyLength, length <= Self.briefBytes else { return false }
    if let token = service.token, !token.matches(head.headers.first(name: "authorization")) { return false }
    model = freeModel
    return model != nil
  }

  /// The model that requests of the last path are for, when it would answer at once.
  private var freeModel: ServedModel? {
    guard case .infer(let name, let version) = resource,
      let model = try? service.repository.model(name, version: version), model.isBrief
    else { return nil }
    return model
  }

  /// The request is answered elsewhere.
  func forget() { model = nil }

  /// nil when somebody else must answer: wrong requests are rare, and answered by who answers all others.
  func answer(_ head: HTTPRequestHead, _ body: ByteBuffer) -> BriefAnswer? {
    defer { model = nil }
    guard let model else { return nil }
    var form = Form(bodyLength: body.readableBytes)
    if let text = head.headers.first(name: "inference-header-content-length") {
      guard let length = Int(text), length >= 0 else { return nil }
      form.jsonLength = length
    }
    guard let answer = answer(model, body, jsonLength: form.jsonLength) else { return nil }
    self.form = form
    return answer
  }

  // MARK: Requests that begin like one that was answered

  enum Repetition { case none, part, whole }

  /// Whether bytes are a request that begins like the last one that was answered, or part of one.
  func repetition(_ bytes: ByteBuffer) -> Repetition {
    guard let (head, form) = repeated else { return .none }
    let (count, length) = (bytes.readableBytes, head.readableBytes)
    guard count <= length + form.bodyLength else { return .none }
    let common = min(count, length)
    guard
      bytes.getSlice(at: bytes.readerIndex, length: common) == head.getSlice(at: head.readerIndex, length: common)
    else { return .none }
    return count == length + form.bodyLength ? .whole : .part
  }

  /// The bytes of the answer to a whole repetition; nil when somebody else must answer.
  func answerRepetition(_ bytes: ByteBuffer) -> ByteBuffer? {
    guard let (head, form) = repeated, let model = freeModel,
      let body = bytes.getSlice(at: bytes.readerIndex + head.readableBytes, length: form.bodyLength)
    else { return nil }
    return answer(model, body, jsonLength: form.jsonLength)?.bytes
  }

  /// The decoded request that began with these bytes is complete.
  func completed(_ head: ByteBuffer) {
    guard let form = form.take(), repeated?.head != head else { return }
    // A copy: the bytes are part of a larger buffer.
    repeated = (ByteBuffer(bytes: head.readableBytesView), form)
  }

  // MARK: Answers

  private func answer(_ model: ServedModel, _ body: ByteBuffer, jsonLength: Int?) -> BriefAnswer? {
    guard let admission = try? service.admission.admit(), (try? admission.take(body.readableBytes)) != nil else {
      return nil
    }
    defer { withExtendedLifetime(admission) {} }
    guard let inference = inference(body, jsonLength), let outcome = model.inferAtOnce(inference.request) else {
      return nil
    }
    do throws(ServingError) {
      let (json, raw) = try parts(inference, try outcome.get())
      var answer = BriefAnswer(
        contentType: raw.isEmpty ? "application/json" : "application/octet-stream", json: json, raw: raw, date: date.now
      )
      if !raw.isEmpty { answer.fields.append(("Inference-Header-Content-Length", String(json.count))) }
      return answer
    } catch {
      let general = Answer.error(error)
      var answer = BriefAnswer(
        status: general.status, contentType: general.contentType, json: Array(buffer: general.body), date: date.now)
      for field in general.headers { answer.fields.append((field.name.rawName, field.value)) }
      return answer
    }
  }

  private func inference(_ body: ByteBuffer, _ jsonLength: Int?) -> InferenceBody? {
    guard case .infer(let name, let version) = resource else { return nil }
    if let layout, let inference = InferenceBody(layout, body, headerLength: jsonLength) { return inference }
    let bytes = Array(buffer: body)
    let inference = try? InferenceBody(model: name, version: version, body: bytes, headerLength: jsonLength)
    layout = inference?.layout(bytes, headerLength: jsonLength)
    outline = nil
    return inference
  }

  private func parts(
    _ inference: InferenceBody, _ response: InferenceResponse
  ) throws(ServingError) -> (json: [UInt8], raw: [[UInt8]]) {
    if let outline, outline.describes(response) { return (outline.head, response.outputs.map(\.raw)) }
    let (json, raw) = try inference.parts(response)
    outline = layout == nil ? nil : AnswerOutline(response, json, raw)
    return (json, raw)
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

  /// Whether an answer has the same JSON; one of another version, or with other outputs, has not.
  func describes(_ response: InferenceResponse) -> Bool {
    response.version == version
      && response.outputs.elementsEqual(outputs) {
        $0.name == $1.name && $0.datatype == $1.datatype && $0.shape == $1.shape
      }
  }
}
