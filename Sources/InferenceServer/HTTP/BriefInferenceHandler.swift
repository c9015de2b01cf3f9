internal import NIOCore
internal import NIOHTTP1

/// Answers inference requests that take no longer than handing them to a task would, right where they are decoded; all others go on to the
/// responder, untouched and in their order.
final class BriefInferenceHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private var inference: BriefInference
  /// A request that is kept until its end is here.
  private var head: HTTPRequestHead?
  private var body: ByteBuffer?
  private let unanswered: UnansweredRequests

  /// - Parameter unanswered: counted by a handler before this one.
  init(_ inference: BriefInference, _ unanswered: UnansweredRequests) {
    self.inference = inference
    self.unanswered = unanswered
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      // Answers go out in the order of their requests. A client that does not read its answers must wait for them.
      if unanswered.count == 1, context.channel.isWritable, inference.mayAnswer(head) {
        self.head = head
        return
      }
      context.fireChannelRead(data)
    case .body(var part):
      guard head != nil else { return context.fireChannelRead(data) }
      if body == nil { body = part } else { body?.writeBuffer(&part) }
    case .end:
      guard let head else { return context.fireChannelRead(data) }
      guard let answer = inference.answer(head, body ?? ByteBuffer()) else {
        passOn(context)
        return context.fireChannelRead(data)
      }
      self.head = nil
      body = nil
      write(answer, context)
    }
  }

  /// Hands on what was kept of a request.
  private func passOn(_ context: ChannelHandlerContext) {
    guard let head else { return }
    self.head = nil
    inference.forget()
    context.fireChannelRead(wrapInboundOut(.head(head)))
    if let body { context.fireChannelRead(wrapInboundOut(.body(body))) }
    body = nil
  }

  private func write(_ answer: (head: HTTPResponseHead, body: ByteBuffer), _ context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(answer.head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  // What follows belongs to the request that is kept.

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    passOn(context)
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    passOn(context)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    passOn(context)
    context.fireErrorCaught(error)
  }
}
