internal import NIOCore

/// Answers requests whose head is, byte for byte, that of the connection's last brief one, before they are decoded: decoding and encoding take longer than
/// many a model. All other bytes go on to the decoder, untouched and in their order.
final class RepeatedRequestHandler: RequestKeeper, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Each connection may keep a head of so many bytes.
  private static let headBytes = 1 << 12

  private let inference: BriefInference
  private let activity: ConnectionActivity
  private var framing = RequestFraming()
  /// The head of the request under way, where that may be answered briefly.
  private var head: ByteBuffer?
  /// The bytes so far of a request that may be answered here.
  private var held: ByteBuffer?
  private var hasPassedOn = false

  init(_ inference: BriefInference, _ activity: ConnectionActivity) {
    self.inference = inference
    self.activity = activity
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if var held = held.take() {
      held.writeBuffer(&bytes)
      bytes = held
    }
    // Answers go out in the order of their requests. A client that does not read its answers must wait for them.
    guard framing.isBetweenRequests, activity.unanswered == 0, context.channel.isWritable else {
      return passOn(bytes, context)
    }
    switch inference.repetition(bytes) {
    case .none: passOn(bytes, context)
    case .part:
      activity.last = .now()
      held = bytes
    case .whole:
      guard let answer = inference.answerRepetition(bytes) else { return passOn(bytes, context) }
      activity.last = .now()
      context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    }
  }

  private func passOn(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    hasPassedOn = true
    inference.decoded = .init()
    context.fireChannelRead(wrapInboundOut(bytes))
    if let length = framing.follow(bytes, inference.decoded) {
      head = length <= Self.headBytes ? bytes.getSlice(at: bytes.readerIndex, length: length) : nil
    }
    guard framing.isBetweenRequests, let head = head.take() else { return }
    inference.completed(head)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    guard hasPassedOn else { return }
    hasPassedOn = false
    context.fireChannelReadComplete()
  }

  func passOn(_ context: ChannelHandlerContext) {
    guard let bytes = held.take() else { return }
    passOn(bytes, context)
    channelReadComplete(context: context)
  }
}
