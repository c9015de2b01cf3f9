import CompressedMessages
import InferenceServer
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing

/// What gRPC's transport sees of clients that compress.
struct CompressedMessageTests {
  private func channel(_ headers: HPACKHeaders) throws -> (EmbeddedChannel, HPACKHeaders) {
    let channel = EmbeddedChannel()
    try CompressedMessages.mark(channel)
    try channel.writeInbound(HTTP2Frame.FramePayload.headers(.init(headers: headers)))
    guard case .headers(let frame) = try channel.readInbound(as: HTTP2Frame.FramePayload.self) else {
      throw ServingError(.internal, "no headers")
    }
    return (channel, frame.headers)
  }

  private func send(_ bytes: ArraySlice<UInt8>, _ channel: EmbeddedChannel) throws -> [UInt8] {
    try channel.writeInbound(HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes)))))
    guard case .data(let frame) = try channel.readInbound(as: HTTP2Frame.FramePayload.self),
      case .byteBuffer(let buffer) = frame.data
    else { return [] }
    return Array(buffer.readableBytesView)
  }

  // A message of three bytes that is compressed, an empty one that is, and one of two bytes that is not.
  private static let messages: [UInt8] = [1, 0, 0, 0, 3, 10, 11, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 20, 21]
  private static let marked: [UInt8] = [0, 0, 0, 0, 4, 1, 10, 11, 12, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 3, 0, 20, 21]

  @Test(arguments: [1, 2, 3, 5, 7, 20])
  func messagesSayWhetherTheyAreCompressed(partLength: Int) throws {
    let (channel, headers) = try channel(["grpc-encoding": "gzip", "te": "trailers"])
    #expect(headers == ["te": "trailers", CompressedMessages.header: "gzip"])
    var seen: [UInt8] = []
    for start in stride(from: 0, to: Self.messages.count, by: partLength) {
      seen += try send(Self.messages[start..<min(start + partLength, Self.messages.count)], channel)
    }
    #expect(seen == Self.marked)
  }

  @Test(arguments: [["te": "trailers"], ["grpc-encoding": "snappy"], ["grpc-encoding": "identity"]] as [HPACKHeaders])
  func otherStreamsAreLeftAlone(_ headers: HPACKHeaders) throws {
    let (channel, seen) = try channel(headers)
    #expect(seen == headers)
    #expect(try send(Self.messages[...], channel) == Self.messages)
  }

  @Test func clientsCannotMarkMessages() throws {
    let (channel, headers) = try channel([CompressedMessages.header: "gzip", "te": "trailers"])
    #expect(headers == ["te": "trailers"])
    #expect(try send(Self.messages[...], channel) == Self.messages)
  }

  @Test func theLongestLengthStaysSo() throws {
    let (channel, _) = try channel(["grpc-encoding": "deflate"])
    #expect(try send([0, 255, 255, 255, 255], channel) == [0, 255, 255, 255, 255, 0])
  }
}
