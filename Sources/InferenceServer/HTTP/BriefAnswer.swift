internal import NIOCore
internal import NIOHTTP1

/// What goes back to a brief request: as the parts that an encoder takes, or as the bytes that it would make of them.
struct BriefAnswer {
  private let status: HTTPResponseStatus
  var fields: [(String, String)]
  private let json: [UInt8]
  private let raw: [[UInt8]]
  private let bodyLength: Int

  init(status: Int = 200, contentType: String, json: [UInt8], raw: [[UInt8]] = [], date: String) {
    self.status = HTTPResponseStatus(statusCode: status)
    self.json = json
    self.raw = raw
    bodyLength = raw.reduce(json.count) { $0 + $1.count }
    fields = [
      ("Content-Type", contentType), ("Content-Length", String(bodyLength)), ("Date", date),
      ("Server", ServerIdentity.name),
    ]
  }

  var head: HTTPResponseHead {
    HTTPResponseHead(version: .http1_1, status: status, headers: HTTPHeaders(fields))
  }

  var body: ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(bodyLength)
    writeBody(&buffer)
    return buffer
  }

  /// Head and body.
  var bytes: ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(bodyLength + 512)
    buffer.writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
    for (name, value) in fields {
      buffer.writeString(name)
      buffer.writeStaticString(": ")
      buffer.writeString(value)
      buffer.writeStaticString("\r\n")
    }
    buffer.writeStaticString("\r\n")
    writeBody(&buffer)
    return buffer
  }

  private func writeBody(_ buffer: inout ByteBuffer) {
    buffer.writeBytes(json)
    for bytes in raw { buffer.writeBytes(bytes) }
  }
}
