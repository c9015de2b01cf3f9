internal import HTTPTypes
package import Hummingbird
internal import JSONText
internal import Kernels
internal import Logging
internal import NIOCore
internal import SystemInterface

/// What a request of the server knows besides itself.
package struct RESTContext: InitializableFromSource, Sendable {
  let logger: Logger
  let connection: ConnectionID

  package init(source: ApplicationRequestContextSource) {
    logger = source.logger
    connection = ConnectionID(source.channel)
  }
}

/// Answers HTTP requests: the protocol, metrics and the page.
package struct RESTResponder: HTTPResponder {
  package typealias Context = RESTContext

  private let service: InferenceService
  private let connections: ConnectionWatch

  package init(service: InferenceService, connections: ConnectionWatch) {
    self.service = service
    self.connections = connections
  }

  package func respond(to request: Request, context: RESTContext) async throws -> Response {
    let start = ExecutionContext.now()
    let resource = RESTRequest(method: request.method.rawValue, path: request.uri.path)
    let trace = request.headers[HTTPField.Name.traceParent].flatMap(TraceContext.init)?.child()
    var answer: Answer
    do throws(ServingError) {
      answer = try await self.answer(resource, request, context)
    } catch {
      answer = .error(error)
    }
    var headers = answer.headers
    headers[.contentType] = answer.contentType
    headers[.contentLength] = String(answer.body.readableBytes)
    if let trace { headers[HTTPField.Name.traceParent] = trace.traceparent }
    let status = HTTPResponse.Status(code: answer.status)
    log(context.logger, request, answer.status, trace, nanoseconds: ExecutionContext.now() - start)
    if request.method == .head { return Response(status: status, headers: headers) }
    return Response(status: status, headers: headers, body: .init(byteBuffer: answer.body))
  }

  private func log(
    _ logger: Logger, _ request: Request, _ status: Int, _ trace: TraceContext?, nanoseconds: UInt64
  ) {
    guard logger.logLevel <= .debug else { return }
    var metadata: Logger.Metadata = [
      "method": "\(request.method.rawValue)", "path": "\(request.uri.path)", "status": "\(status)",
      "microseconds": "\(nanoseconds / 1000)",
    ]
    if let trace {
      metadata["trace_id"] = "\(trace.traceID)"
      metadata["span_id"] = "\(trace.spanID)"
    }
    logger.debug("request", metadata: metadata)
  }

  private func answer(
    _ resource: RESTRequest, _ request: Request, _ context: RESTContext
  ) async throws(ServingError) -> Answer {
    switch resource {
    // Those who watch the server need no token: they learn nothing from it.
    case .serverLive: return .json(JSONWriter.object { $0.member("live", true) })
    case .serverReady:
      let isReady = service.repository.isReady
      return .json(
        JSONWriter.object { writer in
          writer.member("live", isReady)
          writer.member("ready", isReady)
        }, status: isReady ? 200 : 400)
    case .page: return .page
    default: break
    }
    // Other sites' pages in a browser of this machine could reach a server that only this machine can.
    if let origin = request.headers[.origin], !Self.isSameSite(origin, authority: request.head.authority) {
      throw ServingError(.forbidden, "requests from pages of other sites are refused")
    }
    if let token = service.token, !token.matches(request.headers[.authorization]) {
      throw ServingError(.unauthenticated, "missing or wrong bearer token")
    }
    let repository = service.repository
    switch resource {
    case .serverMetadata: return .json(ModelDocuments.server())
    case .modelMetadata(let name, let version):
      let model = try repository.model(name, version: version)
      let versions = version.isEmpty ? repository.readyVersions(name) : [String(model.version)]
      return .json(ModelDocuments.metadata(model, versions: versions))
    case .modelReady(let name, let version):
      let isReady = (try? repository.model(name, version: version)) != nil
      return .json(
        JSONWriter.object { writer in
          writer.member("name", name)
          writer.member("ready", isReady)
        }, status: isReady ? 200 : 400)
    case .modelConfiguration(let name, let version):
      return .json(ModelDocuments.configuration(try repository.model(name, version: version)))
    case .modelStatistics(let name, let version):
      return .json(ModelDocuments.statistics(try service.models(named: name, version: version)))
    case .infer(let name, let version):
      return try await infer(name, version, request, context)
    case .repositoryIndex:
      let readyOnly = try RequestParameters(try await smallDocument(request), of: "request").flag("ready") ?? false
      // Looks into the folder.
      return try await Self.leavingEventLoop(if: true) { () throws(ServingError) in
        .json(ModelDocuments.index(repository.index(), readyOnly: readyOnly))
      }
    case .load(let name):
      try service.requireModelControl()
      let document = try await smallDocument(request)?["parameters"]
      let parameters = try RequestParameters(document, of: "request")
      for member in document?.members ?? [] where member.name != "config" {
        throw ServingError(.unsupported, "load parameter '\(member.name)' is not supported")
      }
      try await repository.load(name, configuration: try parameters.text("config").map { Array($0.utf8) })
      return .empty
    case .unload(let name):
      try service.requireModelControl()
      _ = try RequestParameters(try await smallDocument(request)?["parameters"], of: "request")
      try await repository.unload(name)
      return .empty
    case .metrics:
      return .text(ServerMetrics.text(repository.readyModels, admission: service.admission))
    case .pageData:
      return try await Self.leavingEventLoop(if: true) { () throws(ServingError) in
        .json(PageData.document(service))
      }
    case .unserved(let what): throw ServingError(.unsupported, "\(what) is not supported")
    case .wrongMethod(let allowed): return .wrongMethod(allowed: allowed)
    case .serverLive, .serverReady, .page, .unknown: throw ServingError(.notFound, "Not Found")
    }
  }

  /// Whether a page of `origin` (`http://host:port`) came from the server that the request names.
  private static func isSameSite(_ origin: String, authority: String?) -> Bool {
    guard let authority, let slashes = origin.firstRange(of: "://") else { return false }
    return origin[slashes.upperBound...].lowercased() == authority.lowercased()
  }

  /// The JSON object that some requests may carry; nil when they do not.
  private func smallDocument(_ request: Request) async throws(ServingError) -> JSONValue? {
    let admission = try service.admission.admit()
    let bytes = try await body(of: request, admission)
    guard !bytes.isEmpty else { return nil }
    let document: JSONValue
    do throws(JSONError) { document = try JSONReader.document(bytes) } catch {
      throw ServingError(.invalidArgument, "failed to parse the request JSON buffer: \(error)")
    }
    guard document.members != nil else {
      throw ServingError(.invalidArgument, "failed to parse the request JSON buffer: expected an object")
    }
    return document
  }

  private func infer(
    _ name: String, _ version: String, _ request: Request, _ context: RESTContext
  ) async throws(ServingError) -> Answer {
    let admission = try service.admission.admit()
    // Known before the body is read, so that nobody sends megabytes to a model that is not there.
    _ = try service.repository.model(name, version: version)
    var headerLength: Int?
    if let text = request.headers[HTTPField.Name.inferenceHeader] {
      guard let length = Int(text), length >= 0 else {
        throw ServingError(.invalidArgument, "Unable to parse Inference-Header-Content-Length, got: \(text)")
      }
      headerLength = length
    }
    let bytes = try await body(of: request, admission)
    let isLong = (headerLength ?? bytes.count) > BriefInference.briefBytes || bytes.count > 1 << 20
    let body = try await Self.leavingEventLoop(if: isLong) {
      [headerLength] () throws(ServingError) in
      try InferenceBody(model: name, version: version, body: bytes, headerLength: headerLength)
    }
    // Held until the answer is written: its bytes are in use.
    defer { withExtendedLifetime(admission) {} }
    let cancellation = RequestCancellation()
    connections.watch(context.connection, cancellation)
    defer { connections.forget(context.connection) }
    let response = try await service.infer(
      body.request, cancellation: cancellation, headers: TraceContext.headers(request.headers))
    let (document, length) = try await Self.leavingEventLoop(if: response.byteCount > BriefInference.briefBytes) {
      () throws(ServingError) in
      try body.answer(response)
    }
    return .inference(document, headerLength: length)
  }

  /// Runs `body` where it keeps no other connection waiting, if it is `long`; on the connection's thread otherwise.
  private static func leavingEventLoop<Value: Sendable>(
    if long: Bool, _ body: @Sendable () throws(ServingError) -> Value
  ) async throws(ServingError) -> Value {
    guard long else { return try body() }
    let outcome: Result<Value, ServingError> = await withTaskExecutorPreference(globalConcurrentExecutor) {
      do throws(ServingError) { return .success(try body()) } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  /// The body, decompressed where it says that it is compressed.
  private func body(of request: Request, _ admission: Admission) async throws(ServingError) -> [UInt8] {
    switch request.headers[.contentEncoding]?.lowercased() {
    case nil, "identity": break
    case "gzip", "x-gzip", "deflate": return try await decompressedBody(of: request, admission)
    case .some(let coding):
      throw ServingError(.unsupported, "the content encoding '\(coding)' is not supported; gzip and deflate are")
    }
    let announced = request.headers[.contentLength].flatMap(Int.init)
    if let announced { try admission.take(announced) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(announced ?? 0, 1 << 20))
    try await Self.forEachPart(of: request) { part throws(ServingError) in
      if announced == nil { try admission.take(part.readableBytes) }
      bytes.append(contentsOf: part.readableBytesView)
    }
    return bytes
  }

  private func decompressedBody(of request: Request, _ admission: Admission) async throws(ServingError) -> [UInt8] {
    // A few bytes may become many, which takes time.
    let outcome: Result<[UInt8], ServingError> = await withTaskExecutorPreference(globalConcurrentExecutor) {
      do throws(ServingError) {
        let decompressor = try ServingError.decompressing { () throws(DecompressionError) in try Decompressor() }
        var bytes: [UInt8] = []
        var (received, admitted) = (0, 0)
        // Bytes that become nothing count too.
        func admit(_ count: Int) throws(ServingError) {
          guard count > admitted else { return }
          try admission.take(count - admitted)
          admitted = count
        }
        try await Self.forEachPart(of: request) { part throws(ServingError) in
          received += part.readableBytes
          try admit(received)
          decompressor.append(Array(part.readableBytesView))
          while let more = try ServingError.decompressing({ () throws(DecompressionError) in try decompressor.next() })
          {
            try admit(bytes.count + more.count)
            bytes += more
          }
        }
        guard decompressor.isAtEnd else { throw ServingError.endedEarly }
        return .success(bytes)
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  private static func forEachPart(
    of request: Request, _ body: (ByteBuffer) throws(ServingError) -> Void
  ) async throws(ServingError) {
    do {
      for try await part in request.body { try body(part) }
    } catch let error as ServingError {
      throw error
    } catch {
      throw ServingError(.invalidArgument, "the request ended before its body was complete")
    }
  }
}
