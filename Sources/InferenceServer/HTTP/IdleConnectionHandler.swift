internal import NIOCore
internal import NIOHTTP1

/// What the handlers of a connection know of it together. For its event loop only.
final class ConnectionActivity {
  /// Requests without a whole answer.
  fileprivate(set) var unanswered = 0
  /// When a byte came from the client, or an answer went to it.
  var last = NIODeadline.now()
}

/// Counts a connection's unanswered requests, and closes it after a time without a byte from the client, also in the middle of a request, but not while
/// it waits for an answer.
final class IdleConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private let timeout: TimeAmount
  private var isReading = false
  private let activity: ConnectionActivity
  private var timer: Scheduled<Void>?

  init(timeout: TimeAmount, _ activity: ConnectionActivity) {
    self.timeout = timeout
    self.activity = activity
  }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { start(context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { stop() }

  func channelActive(context: ChannelHandlerContext) {
    start(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    stop()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    activity.last = .now()
    switch unwrapInboundIn(data) {
    case .head:
      isReading = true
      activity.unanswered += 1
    case .body: break
    case .end: isReading = false
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) {
      activity.unanswered -= 1
      activity.last = .now()
    }
    context.write(data, promise: promise)
  }

  private func start(_ context: ChannelHandlerContext) {
    guard timer == nil else { return }
    activity.last = .now()
    schedule(context, at: activity.last + timeout)
  }

  private func stop() {
    timer?.cancel()
    timer = nil
  }

  private func schedule(_ context: ChannelHandlerContext, at time: NIODeadline) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(deadline: time) {
      let (handler, context) = bound.value
      handler.check(context)
    }
  }

  private func check(_ context: ChannelHandlerContext) {
    timer = nil
    let now = NIODeadline.now()
    let isAnswering = activity.unanswered > 0 && !isReading
    guard isAnswering || now < activity.last + timeout else {
      context.close(promise: nil)
      return
    }
    schedule(context, at: isAnswering ? now + timeout : activity.last + timeout)
  }
}
