internal import NIOCore

/// A handler that keeps a request until all of it is there. What else happens on the connection belongs to what is kept, and comes after it.
protocol RequestKeeper: ChannelInboundHandler {
  /// Hands on what is kept of a request.
  func passOn(_ context: ChannelHandlerContext)
}

extension RequestKeeper {
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
