package import NIOCore
internal import NIOHTTP1

/// Answers inference requests that take no longer than handing them to a task would, right where they are decoded; all others go on to the
/// responder, untouched and in their order.
final class BriefInferenceHandler: RequestKeeper, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let inference: BriefInference
  /// A request that is kept until its end is here.
  private var head: HTTPRequestHead?
  private var body: ByteBuffer?
  private let activity: ConnectionActivity

  /// - Parameter activity: kept by a handler before this one.
  init(_ inference: BriefInference, _ activity: ConnectionActivity) {
    self.inference = inference
    self.activity = activity
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      // Answers go out in the order of their requests. A client that does not read its answers must wait for them.
      if inference.mayAnswer(head), activity.unanswered == 1, context.channel.isWritable {
        self.head = head
        return
      }
      inference.forget()
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

  func passOn(_ context: ChannelHandlerContext) {
    guard let head else { return }
    self.head = nil
    inference.forget()
    context.fireChannelRead(wrapInboundOut(.head(head)))
    if let body { context.fireChannelRead(wrapInboundOut(.body(body))) }
    body = nil
  }

  private func write(_ answer: BriefAnswer, _ context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(answer.head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }
}

extension ChannelPipeline.SynchronousOperations {
  /// Has brief requests of a connection over HTTP answered before `handler`, and repeated ones before they are decoded. Closes it when it is idle.
  package func addBriefInference(
    before handler: any ChannelHandler, service: InferenceService, idleTimeout: TimeAmount
  ) throws {
    let (activity, inference) = (ConnectionActivity(), BriefInference(service))
    try addHandler(
      RepeatedRequestHandler(inference, activity), position: .before(self.handler(type: HTTPResponseEncoder.self)))
    try addHandlers(
      [IdleConnectionHandler(timeout: idleTimeout, activity), BriefInferenceHandler(inference, activity)],
      position: .before(handler))
  }
}
