import Foundation
import HTTPTypes
import Hummingbird
import InferenceServer
import JSONText
import NIOCore
import NIOEmbedded
import Testing

/// The REST protocol without a socket: requests go to the responder.
struct RESTTests {
  struct Answer {
    let status: Int
    let headers: HTTPFields
    let bytes: [UInt8]
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSONValue? { try? JSONReader.document(bytes) }
    var error: String? { json?["error"]?.string }
  }

  private func service(
    _ folder: TestRepository, limits: ServerLimits = .init(), token: BearerToken? = nil, control: Bool = true
  ) async throws -> InferenceService {
    InferenceService(
      repository: try await folder.open(), limits: limits, token: token, allowsModelControl: control,
      logger: TestRepository.quiet)
  }

  private func folder() throws -> TestRepository {
    let folder = try TestRepository()
    try folder.add("m", TestModels.addRelu)
    try folder.add("s", TestModels.sameStrings)
    return folder
  }

  private func send(
    _ service: InferenceService, _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8] = [],
    headers: [String: String] = [:]
  ) async throws -> Answer {
    var fields = HTTPFields()
    for (name, value) in headers { fields[try #require(HTTPField.Name(name))] = value }
    if !body.isEmpty, fields[.contentLength] == nil { fields[.contentLength] = String(body.count) }
    let head = HTTPRequest(method: method, scheme: "http", authority: "localhost", path: path, headerFields: fields)
    let responder = RESTResponder(service: service, connections: ConnectionWatch())
    let context = RESTContext(
      source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: TestRepository.quiet))
    let response = try await responder.respond(
      to: Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body))), context: context)
    let collector = Collector()
    try await response.body.write(collector)
    return Answer(status: response.status.code, headers: response.headers, bytes: collector.bytes)
  }

  private final class Collector: ResponseBodyWriter {
    var bytes: [UInt8] = []
    func write(_ buffer: ByteBuffer) async throws { bytes += Array(buffer.readableBytesView) }
    func finish(_ trailingHeaders: HTTPFields?) async throws {}
  }

  private func infer(
    _ service: InferenceService, _ json: String, model: String = "m", headers: [String: String] = [:]
  ) async throws -> Answer {
    try await send(service, .post, "/v2/models/\(model)/infer", Array(json.utf8), headers: headers)
  }

  @Test func healthAndMetadata() async throws {
    let service = try await service(folder())
    #expect(try await send(service, .get, "/v2/health/live").text == #"{"live":true}"#)
    #expect(try await send(service, .get, "/v2/health/ready").status == 200)
    #expect(try await send(service, .get, "/v2/models/m/ready").text == #"{"name":"m","ready":true}"#)
    #expect(try await send(service, .get, "/v2/models/x/ready").status == 400)
    #expect(try await send(service, .get, "/v2/").json?["extensions"]?.array?.isEmpty == false)
    #expect(
      try await send(service, .get, "/v2/models/m/versions/1").text
        == #"{"name":"m","versions":["1"],"platform":"tflite","inputs":[{"name":"x","datatype":"FP32","shape":[-1,4]}],"#
        + #""outputs":[{"name":"y","datatype":"FP32","shape":[1,4]}]}"#)
    #expect(try await send(service, .get, "/v2/models/m/config").json?["max_batch_size"] == .integer(0))
    #expect(try await send(service, .get, "/v2/models/stats").json?["model_stats"]?.array?.count == 2)
    #expect(
      try await send(service, .get, "/metrics").text.contains(
        "nv_inference_request_success{model=\"m\",version=\"1\"} 0"))
    #expect(try await send(service, .head, "/v2/health/live").bytes.isEmpty)
    #expect(try await send(service, .get, "/").headers[.contentType] == "text/html; charset=utf-8")
    let data = try await send(service, .get, "/ui/data")
    #expect(data.json?["models"]?.array?.count == 2)
  }

  @Test func wrongPathsAndMethods() async throws {
    let service = try await service(folder())
    for path in [
      "/v1", "/v2/x", "/v2/models", "/v2/models/m/versions", "/v2/models/m/infer/x", "/v2/models/%ZZ", "/%",
      "/v2/repository",
    ] {
      let answer = try await send(service, .get, path)
      #expect(answer.status == 404 && answer.error == "Not Found", "\(path)")
    }
    #expect(try await send(service, .get, "/v2/models/m/infer").status == 405)
    #expect(try await send(service, .post, "/v2/models/m").headers[.allow] == "GET, HEAD")
    #expect(
      try await send(service, .get, "/v2/models/..%2f..%2fetc").error
        == "Request for unknown model: '../../etc' is not found")
  }

  @Test func infersFromJSON() async throws {
    let service = try await service(folder())
    let answer = try await infer(
      service,
      #"{"id":"q","inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[[1,2,3,-4.5]]}],"outputs":[{"name":"y"}]}"#
    )
    #expect(
      answer.text
        == #"{"model_name":"m","model_version":"1","id":"q","outputs":[{"name":"y","datatype":"FP32","shape":[1,4],"data":[2.0,4.0,6.0,0.0]}]}"#
    )
    #expect(answer.headers[.contentType] == "application/json")
    let strings = try await infer(
      service,
      #"{"inputs":[{"name":"a","shape":[2],"datatype":"BYTES","data":["p","q"]},{"name":"b","shape":[2],"datatype":"BYTES","data":["p","r"]}]}"#,
      model: "s")
    #expect(strings.json?["outputs"]?.array?.first?["data"] == .array([.bool(true), .bool(false)]))
    #expect(strings.json?["outputs"]?.array?.last?["data"] == .array([.string("p"), .string("q")]))
  }

  @Test func infersFromBinary() async throws {
    let service = try await service(folder())
    let json =
      #"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","parameters":{"binary_data_size":16}}],"#
      + #""outputs":[{"name":"y","parameters":{"binary_data":true}}]}"#
    let raw = [Float]([1, 2, 3, 4]).withUnsafeBytes { Array($0) }
    let headers = ["Inference-Header-Content-Length": String(json.utf8.count)]
    let answer = try await send(service, .post, "/v2/models/m/infer", Array(json.utf8) + raw, headers: headers)
    #expect(answer.status == 200 && answer.headers[.contentType] == "application/octet-stream")
    let name = try #require(HTTPField.Name("Inference-Header-Content-Length"))
    let length = try #require(answer.headers[name].flatMap(Int.init))
    let header = try JSONReader.document(answer.bytes, range: 0..<length)
    #expect(header["outputs"]?.array?.first?["parameters"]?["binary_data_size"] == .integer(16))
    #expect(Array(answer.bytes[length...]) == [Float]([2, 4, 6, 8]).withUnsafeBytes { Array($0) })
    for (text, bytes) in [(json, Array(raw.dropLast())), (json, raw + [0]), (json, [])] {
      let answer = try await send(service, .post, "/v2/models/m/infer", Array(text.utf8) + bytes, headers: headers)
      #expect(answer.status == 400 && answer.error != nil)
    }
    for length in ["-1", "x", "100000"] {
      let answer = try await send(
        service, .post, "/v2/models/m/infer", Array(json.utf8) + raw,
        headers: ["Inference-Header-Content-Length": length])
      #expect(answer.status == 400)
    }
  }

  @Test(arguments: [
    "", "{", "[]", "1", "{}", #"{"inputs":1}"#, #"{"inputs":[1]}"#, #"{"inputs":[{}]}"#, #"{"inputs":[]}"#,
    #"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32"}]}"#,
    #"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FLOAT","data":[1,2,3,4]}]}"#,
    #"{"inputs":[{"name":"x","shape":["1",4],"datatype":"FP32","data":[1,2,3,4]}]}"#,
    #"{"inputs":[{"name":"x","shape":[-1,4],"datatype":"FP32","data":[1,2,3,4]}]}"#,
    #"{"inputs":[{"name":"x","shape":[1000000000000,1000000000000],"datatype":"FP32","data":[1,2,3,4]}]}"#,
    #"{"inputs":[{"name":"x","shape":[9223372036854775807,4],"datatype":"FP32","data":[1,2,3,4]}]}"#,
    #"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3]}]}"#,
    #"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":["a","b","c","d"]}]}"#,
    #"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":{}}"#,
    #"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":[{}]}"#,
    #"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"parameters":[]}"#,
    #"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"parameters":{"timeout":"x"}}"#,
    #"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4],"parameters":{"binary_data_size":16}}]}"#,
  ])
  func refusesBadRequests(_ text: String) async throws {
    let service = try await service(folder())
    let answer = try await infer(service, text)
    #expect(answer.status == 400 && answer.error?.isEmpty == false, "\(answer.text)")
  }

  @Test func classification() async throws {
    let folder = try folder()
    try folder.add("b", TestModels.addRelu, configuration: #"{"max_batch_size": 4, "labels": {"y": "names.txt"}}"#)
    try folder.write("zero\r\none\n\nthree", to: "b/names.txt")
    let service = try await service(folder)
    let input = #""inputs":[{"name":"x","shape":[2,4],"datatype":"FP32","data":[1,2,3,4,-5,-6,-2,-8]}]"#
    func outputs(_ count: String) -> String {
      "\"outputs\":[{\"name\":\"y\",\"parameters\":{\"classification\":\(count)}}]"
    }
    // y is [2, 4, 6, 8, 0, 0, 1, 0].
    let whole = try await infer(service, "{\(input),\(outputs("2"))}")
    #expect(
      whole.text.hasSuffix(
        #""outputs":[{"name":"y","datatype":"BYTES","shape":[2],"data":["8.000000:3","6.000000:2"]}]}"#),
      "\(whole.text)")
    let each = try await infer(service, "{\(input),\(outputs("2"))}", model: "b")
    #expect(
      each.text.hasSuffix(
        #""shape":[2,2],"data":["8.000000:3:three","6.000000:2","1.000000:2","0.000000:0:zero"]}]}"#), "\(each.text)")
    let raw = try await infer(
      service, "{\(input),\"parameters\":{\"binary_data_output\":true},\(outputs("1"))}")
    #expect(raw.bytes.suffix(14) == [10, 0, 0, 0] + Array("8.000000:3".utf8))
    #expect(try await infer(service, "{\(input),\(outputs("100"))}").text.contains(#""shape":[8]"#))
    // What clients send who do not use it.
    #expect(try await infer(service, "{\(input),\(outputs("0"))}").text.contains(#""datatype":"FP32""#))
    for wrong in ["-1", "1.5", "\"1\"", "true"] {
      #expect(try await infer(service, "{\(input),\(outputs(wrong))}").status == 400)
    }
    let strings = try await infer(
      service,
      #"{"inputs":[{"name":"a","shape":[1],"datatype":"BYTES","data":["p"]},{"name":"b","shape":[1],"datatype":"BYTES","#
        + #""data":["p"]}],"outputs":[{"name":"same","parameters":{"classification":1}}]}"#, model: "s")
    #expect(strings.status == 400 && strings.error?.contains("unsupported type 'BOOL'") == true)
    let configuration = try await send(service, .get, "/v2/models/b/config")
    #expect(configuration.text.contains(#""label_filename":"names.txt""#))
  }

  @Test func missingExtensionsAreSaid() async throws {
    let service = try await service(folder())
    let input = #""inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]"#
    #expect(try await infer(service, "{\(input),\"parameters\":{\"sequence_id\":1}}").status == 501)
    let shared = #"[{"name":"y","parameters":{"shared_memory_region":"r"}}]"#
    #expect(try await infer(service, "{\(input),\"outputs\":\(shared)}").status == 501)
    // What clients send who do not use it.
    #expect(
      try await infer(service, "{\(input),\"parameters\":{\"sequence_id\":0,\"sequence_start\":false}}").status == 200)
    let coded = try await infer(service, "{\(input)}", headers: ["Content-Encoding": "br"])
    #expect(coded.status == 501 && coded.error?.contains("'br'") == true)
    for (method, path, what) in [
      (HTTPRequest.Method.get, "/v2/systemsharedmemory/status", "shared memory"),
      (.post, "/v2/systemsharedmemory/region/r/register", "shared memory"),
      (.post, "/v2/cudasharedmemory/unregister", "shared memory"),
      (.get, "/v2/logging", "logged"), (.post, "/v2/trace/setting", "traced"),
      (.get, "/v2/models/m/trace/setting", "traced"), (.get, "/v2/models/m/versions/1/trace/setting", "traced"),
      (.post, "/v2/models/m/generate", "generate"), (.post, "/v2/models/m/versions/1/generate_stream", "generate"),
    ] {
      let answer = try await send(service, method, path)
      #expect(answer.status == 501 && answer.error?.contains(what) == true, "\(path) \(answer.text)")
    }
  }

  private static let compressed = (
    gzip:
      "H4sIAAAAAAACA6tWyswrKC0pVrKKrlbKS8xNVbJSqlDSUSrOSCwAsqMNdUxidZRSEksSSypBAkpuAcZGShARsLSRjjFQSW1sLQAb+ywkSgAAAA==",
    deflate: "eJyrVsrMKygtKVayiq5WykvMTVWyUqpQ0lEqzkgsALKjDXVMYnWUUhJLEksqQQJKbgHGRkoQEbC0kY4xUEltbC0AZa4WOA==",
    // With 65,536 spaces before it.
    padded:
      "H4sIAAAAAAACA+3KMQrCQBQE0Kssv94miVUOYJ0+pFhQ0MIQyApKyN2Neo33qmFmUgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAICUtrjPy7Ou0Y9bzOVxjT5ekWO9leXIY5NPU45LqaW+v0Wch66Nf/Ob29wdl33aP9hEpKpKAAEA"
  )

  @Test func compressedBodies() async throws {
    let service = try await service(folder())
    func send(
      _ text: String, _ coding: String, to service: InferenceService, change: (inout [UInt8]) -> Void = { _ in }
    ) async throws -> Answer {
      var bytes = [UInt8](try #require(Data(base64Encoded: text)))
      change(&bytes)
      return try await self.send(
        service, .post, "/v2/models/m/infer", bytes, headers: ["Content-Encoding": coding])
    }
    for (text, coding) in [
      (Self.compressed.gzip, "gzip"), (Self.compressed.gzip, "x-gzip"), (Self.compressed.deflate, "Deflate"),
      (Self.compressed.padded, "gzip"),
    ] {
      let answer = try await send(text, coding, to: service)
      #expect(
        answer.json?["outputs"]?.array?.first?["data"] == .array([2, 4, 6, 8].map { .number($0) }), "\(answer.text)")
    }
    let small = try await self.service(folder(), limits: .init(requestBytes: 1000))
    #expect(try await send(Self.compressed.gzip, "gzip", to: small).status == 200)
    #expect(try await send(Self.compressed.padded, "gzip", to: small).status == 413)
    #expect(small.admission.bytes == 0 && small.admission.requests == 0)
    for change: (inout [UInt8]) -> Void in [
      { $0.removeLast() }, { $0[20] ^= 0xFF }, { $0.append(0) }, { $0[0] = 0 }, { $0 = [0] }, { $0.removeLast(30) },
    ] {
      let answer = try await send(Self.compressed.gzip, "gzip", to: service, change: change)
      #expect(answer.status == 400 && answer.error?.contains("compressed data") == true, "\(answer.text)")
    }
  }

  @Test func limits() async throws {
    let folder = try folder()
    let small = try await service(folder, limits: .init(requestBytes: 50))
    let text = #"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}"#
    let large = try await infer(small, text)
    #expect(large.status == 413 && large.error?.contains("exceeds the maximum allowed input size") == true)
    // A body that does not say how long it is, or lies.
    #expect(try await infer(small, text, headers: ["Content-Length": "x"]).status == 413)
    let full = try await service(folder, limits: .init(bufferedBytes: 10))
    let busy = try await infer(full, text)
    #expect(busy.status == 503 && busy.headers[.retryAfter] == "1")
    let none = try await service(folder, limits: .init(concurrentRequests: 0))
    #expect(try await infer(none, text).status == 503)
    #expect(small.admission.requests == 0 && small.admission.bytes == 0 && full.admission.bytes == 0)
  }

  @Test func tokens() async throws {
    let service = try await service(folder(), token: BearerToken("secret-token"))
    #expect(try await send(service, .get, "/v2/health/live").status == 200)
    #expect(try await send(service, .get, "/").status == 200)
    for path in ["/v2", "/v2/models/m", "/metrics", "/ui/data"] {
      #expect(try await send(service, .get, path).status == 401)
      #expect(try await send(service, .get, path, headers: ["Authorization": "Bearer secret-tokex"]).status == 401)
      #expect(try await send(service, .get, path, headers: ["Authorization": "Bearer secret-toke"]).status == 401)
      #expect(try await send(service, .get, path, headers: ["Authorization": "bearer secret-token"]).status == 200)
    }
    #expect(try await infer(service, "{}").status == 401)
    #expect(BearerToken("short") == nil && BearerToken("with a space in it") == nil)
    #expect(!"\(String(describing: BearerToken("secret-token")))".contains("secret"))
  }

  @Test func modelControl() async throws {
    let folder = try folder()
    defer { withExtendedLifetime(folder) {} }
    let service = try await service(folder)
    #expect(try await send(service, .post, "/v2/repository/models/m/unload").status == 200)
    #expect(try await send(service, .get, "/v2/models/m").status == 404)
    let index = try await send(service, .post, "/v2/repository/index")
    #expect(index.json?.array?.first?["state"] == .string("UNAVAILABLE"))
    #expect(
      try await send(service, .post, "/v2/repository/index", Array(#"{"ready":true}"#.utf8)).json?.array?.count == 1)
    let body = #"{"parameters":{"config":"{\"max_batch_size\":4}"}}"#
    #expect(try await send(service, .post, "/v2/repository/models/m/load", Array(body.utf8)).status == 200)
    #expect(try await send(service, .get, "/v2/models/m/config").json?["max_batch_size"] == .integer(4))
    #expect(try await send(service, .post, "/v2/repository/models/x/load").status == 404)
    #expect(try await send(service, .post, "/v2/repository/models/x/unload").status == 404)
    for body in [
      "{", "[]", "1", #"{"parameters":1}"#, #"{"parameters":{"config":1}}"#, #"{"parameters":{"config":"["}}"#,
    ] {
      #expect(
        try await send(service, .post, "/v2/repository/models/m/load", Array(body.utf8)).status == 400, "\(body)")
    }
    for body in ["[]", #"{"ready":"yes"}"#] {
      #expect(try await send(service, .post, "/v2/repository/index", Array(body.utf8)).status == 400, "\(body)")
    }
    #expect(try await send(service, .post, "/v2/repository/models/m/unload", Array("[]".utf8)).status == 400)
    let fixed = try await self.service(folder, control: false)
    #expect(try await send(fixed, .post, "/v2/repository/models/m/unload").status == 503)
  }

  @Test func pagesOfOtherSites() async throws {
    let service = try await service(folder())
    for (origin, status) in [
      ("http://localhost", 200), ("http://LOCALHOST", 200), ("http://evil.example", 403), ("null", 403),
      ("http://localhost:81", 403), ("", 403),
    ] {
      #expect(try await send(service, .post, "/v2/repository/index", headers: ["Origin": origin]).status == status)
    }
  }

  @Test func traces() async throws {
    let service = try await service(folder())
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    let answer = try await send(service, .get, "/v2", headers: ["traceparent": parent])
    let name = try #require(HTTPField.Name("traceparent"))
    let child = try #require(answer.headers[name].flatMap(TraceContext.init))
    #expect(
      child.traceID == "0af7651916cd43dd8448eb211c80319c" && child.isSampled && child.spanID != "b7ad6b7169203331")
    for bad in [
      "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
      "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    ] {
      #expect(TraceContext(traceparent: bad) == nil)
      #expect(try await send(service, .get, "/v2", headers: ["traceparent": bad]).headers[name] == nil)
    }
  }
}
