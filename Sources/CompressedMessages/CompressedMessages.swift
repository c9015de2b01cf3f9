package import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Messages of gRPC's clients that compress, as whoever decompresses them gets them past gRPC's transport.
///
/// The transport would decompress all that a connection has received on its event loop, before anybody knows who sent it, and would never come
/// to an end with data that were cut off. So it is told of no compression: on the streams of clients that compress, each message begins with a
/// byte that is 1 if it is compressed, and a header says so.
package enum CompressedMessages {
  /// In place of `grpc-encoding`.
  package static let header = "tflite-message-encoding"

  /// Marks the messages of a stream. To be called on the channel's event loop, before anything is read.
  package static func mark(_ stream: any Channel) throws {
    try stream.pipeline.syncOperations.addHandler(MessageMarker(), position: .first)
  }
}

private final class MessageMarker: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias InboundOut = HTTP2Frame.FramePayload

  private static let encodings = ["gzip", "deflate"]
  /// A byte that says whether the message is compressed, and its length.
  private static let prefixLength = 5

  private var hasBegun = false
  private var isMarking = false
  private var prefix: [UInt8] = []
  /// Bytes of the current message that are still to come.
  private var left = 0

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .headers(var frame) where !hasBegun:
      hasBegun = true
      frame.headers.remove(name: CompressedMessages.header)
      let named = frame.headers["grpc-encoding"]
      if named.count == 1, Self.encodings.contains(named[0]) {
        isMarking = true
        frame.headers.remove(name: "grpc-encoding")
        frame.headers.add(name: CompressedMessages.header, value: named[0])
      }
      context.fireChannelRead(wrapInboundOut(.headers(frame)))
    case .data(var frame):
      if isMarking, case .byteBuffer(let buffer) = frame.data {
        frame.data = .byteBuffer(marked(buffer, context.channel.allocator))
      }
      context.fireChannelRead(wrapInboundOut(.data(frame)))
    case let other: context.fireChannelRead(wrapInboundOut(other))
    }
  }

  private func marked(_ buffer: ByteBuffer, _ allocator: ByteBufferAllocator) -> ByteBuffer {
    var input = buffer
    var output = allocator.buffer(capacity: input.readableBytes + Self.prefixLength + 1)
    while input.readableBytes > 0 {
      if left > 0, let part = input.readSlice(length: min(left, input.readableBytes)) {
        left -= part.readableBytes
        output.writeImmutableBuffer(part)
        continue
      }
      guard let byte = input.readInteger(as: UInt8.self) else { break }
      prefix.append(byte)
      guard prefix.count == Self.prefixLength else { continue }
      let length = prefix.dropFirst().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      output.writeInteger(UInt8(0))
      // The longest message is refused with either length.
      output.writeInteger(length == .max ? length : length + 1)
      output.writeInteger(prefix[0])
      left = Int(length)
      prefix.removeAll(keepingCapacity: true)
    }
    return output
  }
}
