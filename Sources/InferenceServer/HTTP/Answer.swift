internal import HTTPTypes
internal import NIOCore

/// What goes back over HTTP.
struct Answer {
  var status = 200
  var contentType = "application/json"
  var headers = HTTPFields()
  var body = ByteBuffer()

  static func json(_ bytes: [UInt8], status: Int = 200) -> Answer {
    Answer(status: status, body: ByteBuffer(bytes: bytes))
  }

  static let empty = Answer()

  static func text(_ text: String) -> Answer {
    Answer(contentType: "text/plain; version=0.0.4; charset=utf-8", body: ByteBuffer(string: text))
  }

  static var page: Answer {
    var answer = Answer(contentType: "text/html; charset=utf-8", body: ByteBuffer(string: Page.html))
    answer.headers[.contentSecurityPolicy] = Page.contentSecurityPolicy
    answer.headers[.xContentTypeOptions] = "nosniff"
    answer.headers[.cacheControl] = "no-cache"
    return answer
  }

  /// - Parameter headerLength: the length of the JSON when raw tensors follow it.
  static func inference(_ bytes: [UInt8], headerLength: Int?) -> Answer {
    var answer = json(bytes)
    if let headerLength {
      answer.contentType = "application/octet-stream"
      answer.headers[HTTPField.Name.inferenceHeader] = String(headerLength)
    }
    return answer
  }

  static func wrongMethod(allowed: String) -> Answer {
    var answer = json(ModelDocuments.error("Method Not Allowed"), status: 405)
    answer.headers[.allow] = allowed == "GET" ? "GET, HEAD" : allowed
    return answer
  }

  static func error(_ error: ServingError) -> Answer {
    var answer = json(ModelDocuments.error(error.message), status: error.httpStatus)
    switch error.kind {
    case .unavailable: answer.headers[.retryAfter] = "1"
    case .unauthenticated: answer.headers[.wwwAuthenticate] = "Bearer"
    default: break
    }
    return answer
  }
}

extension ServingError {
  /// The status that Triton answers with; 401, 403 and 413 where it has none.
  package var httpStatus: Int {
    switch kind {
    case .invalidArgument: 400
    case .unauthenticated: 401
    case .forbidden: 403
    case .notFound: 404
    case .tooLarge: 413
    case .cancelled: 499
    case .internal: 500
    case .unsupported: 501
    case .unavailable: 503
    }
  }
}

extension HTTPField.Name {
  static let inferenceHeader = HTTPField.Name("Inference-Header-Content-Length")
  static let traceParent = HTTPField.Name("traceparent")
}

extension HTTPFields {
  subscript(name: HTTPField.Name?) -> String? {
    get { name.flatMap { self[$0] } }
    set { if let name { self[name] = newValue } }
  }
}
