internal import NIOCore
internal import NIOHTTP1

/// How many requests of a connection have no whole answer yet. For its event loop only.
final class UnansweredRequests {
  fileprivate(set) var count = 0
}

/// Counts a connection's unanswered requests, and closes it after a time without a byte from the client, also in the middle of a request, but not while
/// it waits for an answer.
final class IdleConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private let timeout: TimeAmount
  private var last = NIODeadline.now()
  private var isReading = false
  private let unanswered: UnansweredRequests
  private var timer: Scheduled<Void>?

  init(timeout: TimeAmount, _ unanswered: UnansweredRequests) {
    self.timeout = timeout
    self.unanswered = unanswered
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
    last = .now()
    switch unwrapInboundIn(data) {
    case .head:
      isReading = true
      unanswered.count += 1
    case .body: break
    case .end: isReading = false
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) {
      unanswered.count -= 1
      last = .now()
    }
    context.write(data, promise: promise)
  }

  private func start(_ context: ChannelHandlerContext) {
    guard timer == nil else { return }
    last = .now()
    schedule(context, at: last + timeout)
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
    let isAnswering = unanswered.count > 0 && !isReading
    guard isAnswering || now < last + timeout else {
      context.close(promise: nil)
      return
    }
    schedule(context, at: isAnswering ? now + timeout : last + timeout)
  }
}
