internal import NIOCore
internal import NIOHTTP1

/// Answers inference requests that take no longer than handing them to a task would, right where they are decoded; all others go on to the
/// responder, untouched and in their order.
final class BriefInferenceHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private var inference: BriefInference
  /// A request that is kept until its end is here.
  private var head: HTTPRequestHead?
  private var body: ByteBuffer?
  /// Requests that went on and have no answer yet.
  private var passed = 0

  init(_ inference: BriefInference) { self.inference = inference }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      // Answers go out in the order of their requests. A client that does not read its answers must wait for them.
      if passed == 0, context.channel.isWritable, inference.mayAnswer(head) {
        self.head = head
        return
      }
      passed += 1
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
    passed += 1
    context.fireChannelRead(wrapInboundOut(.head(head)))
    if let body { context.fireChannelRead(wrapInboundOut(.body(body))) }
    body = nil
  }

  private func write(_ answer: (head: HTTPResponseHead, body: ByteBuffer), _ context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(answer.head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) {
      passed -= 1
    }
    context.write(data, promise: promise)
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
