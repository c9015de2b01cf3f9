import InferenceServer
import KernelTestSupport
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

/// Connections that answer brief requests by themselves, without a socket.
struct BriefInferenceTests {
  /// Counts what was decoded.
  private final class Decoded: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    private(set) var heads = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      if case .head = unwrapInboundIn(data) { heads += 1 }
      context.fireChannelRead(data)
    }
  }

  /// Answers what nobody else did by what it was.
  private final class Responder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private(set) var uris: [String] = []
    private var body: [UInt8] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        uris.append(head.uri)
        body = []
      case .body(let part): body += Array(buffer: part)
      case .end:
        let text = ByteBuffer(string: "\(uris.last ?? "") \(body.count)")
        let headers: HTTPHeaders = ["Content-Length": String(text.readableBytes)]
        context.write(
          wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .accepted, headers: headers))), promise: nil
        )
        context.write(wrapOutboundOut(.body(.byteBuffer(text))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }

  private struct Connection {
    let channel = EmbeddedChannel()
    let decoded = Decoded()
    let responder = Responder()

    init(_ service: InferenceService) throws {
      let pipeline = channel.pipeline.syncOperations
      try pipeline.configureHTTPServerPipeline(
        withPipeliningAssistance: false, withErrorHandling: false, withEncoderConfiguration: .init())
      try pipeline.addHandlers([decoded, responder])
      try pipeline.addBriefInference(before: responder, service: service, idleTimeout: .seconds(60))
      channel.pipeline.fireChannelActive()
    }

    /// Bytes that come at once, and what is answered, without its date.
    func send(_ bytes: some Sequence<UInt8>) throws -> String {
      try channel.writeInbound(ByteBuffer(bytes: bytes))
      var answer = ""
      while let part = try channel.readOutbound(as: ByteBuffer.self) { answer += String(buffer: part) }
      return answer.split(separator: "\r\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("Date: ") }
        .joined(separator: "\r\n")
    }

    func close() { _ = try? channel.finish(acceptAlreadyClosed: true) }
  }

  /// The service, its model asked before and free.
  private func service(_ folder: TestRepository) async throws -> InferenceService {
    try folder.add("m", TestModels.addRelu)
    let service = InferenceService(
      repository: try await folder.open(.init(briefCall: .max)), limits: .init(), token: nil, allowsModelControl: true,
      logger: TestRepository.quiet)
    let model = try service.repository.model("m")
    let input = NamedTensor(
      name: "x", datatype: .fp32, tensor: TestModels.tensor([Float](repeating: 0, count: 4), shape: [1, 4]))
    _ = try await model.infer(InferenceRequest(model: "m", inputs: [input]), RequestCancellation())
    while !model.isBrief { try await Task.sleep(for: .milliseconds(1)) }
    return service
  }

  private static let json =
    #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,4],"parameters":{"binary_data_size":16}}],"outputs":[{"name":"y","parameters":{"binary_data":true}}]}"#

  private static func request(_ value: Float = 0, path: String = "/v2/models/m/infer", header: String = "") -> [UInt8] {
    let values = [value, value, value, value].flatMap { value in
      (0..<4).map { UInt8(value.bitPattern >> (8 * $0) & 0xff) }
    }
    let head =
      "POST \(path) HTTP/1.1\r\nHost: here\r\n\(header)Inference-Header-Content-Length: \(json.utf8.count)\r\nContent-Length: \(json.utf8.count + 16)\r\n\r\n"
    return Array(head.utf8) + Array(json.utf8) + values
  }

  private static let metadata = Array("GET /v2/models/m HTTP/1.1\r\nHost: here\r\n\r\n".utf8)

  @Test func repeatedRequestsAreNotDecoded() async throws {
    let folder = try TestRepository()
    let connection = try Connection(try await service(folder))
    defer { connection.close() }
    let first = try connection.send(Self.request())
    #expect(first.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"))
    #expect(try connection.send(Self.request()) == first)
    #expect(try connection.send(Self.request(1)) != first)
    #expect(connection.decoded.heads == 1)
    // Others in between change nothing.
    #expect(try connection.send(Self.metadata).hasSuffix("/v2/models/m 0"))
    #expect(try connection.send(Self.request()) == first)
    #expect(connection.decoded.heads == 2)
    #expect(try connection.send(Self.request(header: "X: y\r\n")) == first)
    #expect(try connection.send(Self.request(header: "X: y\r\n")) == first)
    #expect(connection.decoded.heads == 3)
    #expect(connection.responder.uris == ["/v2/models/m"])
  }

  @Test func requestsInPieces() async throws {
    let folder = try TestRepository()
    let service = try await service(folder)
    let request = Self.request()
    for cut in 1..<request.count {
      let connection = try Connection(service)
      defer { connection.close() }
      let first = try connection.send(request)
      #expect(try connection.send(request[..<cut]) == "")
      #expect(try connection.send(request[cut...]) == first)
      #expect(connection.decoded.heads == 1)
    }
    // Learnt from a request whose body came by itself.
    let connection = try Connection(service)
    defer { connection.close() }
    let head = request.count - Self.json.utf8.count - 16
    #expect(try connection.send(request[..<head]) == "")
    let first = try connection.send(request[head...])
    #expect(try connection.send(request) == first)
    #expect(connection.decoded.heads == 1)
  }

  /// What begins like a request that may be answered at once, and is not it.
  @Test func bytesInTheMiddleOfARequest() async throws {
    let folder = try TestRepository()
    let service = try await service(folder)
    let request = Self.request()
    for prefix in [
      // The value of a header.
      "POST /other HTTP/1.1\r\nHost: here\r\nX: ",
      // A body, in one piece and in chunks.
      "POST /other HTTP/1.1\r\nHost: here\r\nContent-Length: \(request.count)\r\n\r\n",
      "POST /other HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n\(String(request.count, radix: 16))\r\n",
    ] {
      for joined in [true, false] {
        let connection = try Connection(service)
        defer { connection.close() }
        let first = try connection.send(request)
        if joined {
          #expect(try connection.send(request + Array(prefix.utf8)) == first)
        } else {
          #expect(try connection.send(Array(prefix.utf8)) == "")
        }
        let rest = try connection.send(request)
        #expect(!rest.contains("200 OK"))
        #expect(connection.decoded.heads >= 2 - (prefix.hasSuffix("X: ") ? 1 : 0))
      }
    }
  }

  @Test func requestsThatEndInTheMiddle() async throws {
    let folder = try TestRepository()
    let service = try await service(folder)
    let request = Self.request()
    for cut in [1, 30, request.count - 20, request.count - 1] {
      let connection = try Connection(service)
      _ = try connection.send(request)
      #expect(try connection.send(request[..<cut]) == "")
      connection.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
      // The decoder has them now, and is given the rest.
      #expect(connection.decoded.heads == (cut > 30 ? 2 : 1))
      connection.close()
    }
  }

  /// A request of the same form that is wrong, or whose model is gone, is answered where all others are.
  @Test func wrongRepetitions() async throws {
    let folder = try TestRepository()
    let service = try await service(folder)
    let connection = try Connection(service)
    defer { connection.close() }
    let first = try connection.send(Self.request())
    var wrong = Self.request()
    wrong[wrong.count - Self.json.utf8.count - 16] = UInt8(ascii: "!")
    #expect(try connection.send(wrong).hasSuffix("/v2/models/m/infer \(Self.json.utf8.count + 16)"))
    #expect(try connection.send(Self.request()) == first)
    #expect(connection.decoded.heads == 2)
    try folder.remove("m/1")
    try await service.repository.unload("m")
    #expect(try connection.send(Self.request()).hasSuffix("/v2/models/m/infer \(Self.json.utf8.count + 16)"))
    #expect(connection.decoded.heads == 3)
  }

  /// However a connection's bytes are cut, its answers are those to the requests one by one.
  @Test func anyCuts() async throws {
    let folder = try TestRepository()
    let service = try await service(folder)
    for seed in 0..<25 { _ = try anyCuts(service, count: 40, cuts: true, seed: UInt64(seed)) }
    var decoded = 0
    for seed in 25..<50 { decoded += try anyCuts(service, count: 40, cuts: false, seed: UInt64(seed)) }
    #expect(decoded < 25 * 36)
  }

  /// - Parameter cuts: whether some requests do not come whole.
  /// - Returns: how many requests were decoded.
  private func anyCuts(_ service: InferenceService, count: Int, cuts: Bool, seed: UInt64) throws -> Int {
    var random = SeededGenerator(seed: seed)
    let kinds = [
      Self.request(), Self.request(2), Self.request(-3), Self.metadata, Self.request(header: "X: y\r\n"),
      Self.request(path: "/v2/models/none/infer"), Self.request(path: "/v2/models/m/versions/1/infer"),
    ]
    let requests = (0..<count).map { _ in kinds[Int.random(in: 0..<10, using: &random) % kinds.count] }
    var expected = ""
    for request in requests {
      let connection = try Connection(service)
      expected += try connection.send(request)
      connection.close()
    }
    let connection = try Connection(service)
    defer { connection.close() }
    var (bytes, answer) = (requests.flatMap { $0 }[...], "")
    for size in requests.map(\.count) {
      guard cuts, Int.random(in: 0..<8, using: &random) == 0 else {
        answer += try connection.send(bytes.prefix(size))
        bytes = bytes.dropFirst(size)
        continue
      }
      let part = Int.random(in: 0..<2 * size, using: &random)
      answer += try connection.send(bytes.prefix(part))
      bytes = bytes.dropFirst(part)
    }
    answer += try connection.send(bytes)
    #expect(answer == expected, "seed \(seed)")
    return connection.decoded.heads
  }
}
