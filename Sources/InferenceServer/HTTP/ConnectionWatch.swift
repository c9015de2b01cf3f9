internal import HTTPTypes
package import NIOCore
package import NIOHTTPTypes
internal import Synchronization

/// A connection, as long as it is open.
package struct ConnectionID: Hashable, Sendable {
  private let identifier: ObjectIdentifier

  package init(_ channel: any Channel) { identifier = ObjectIdentifier(channel) }
}

/// Knows which connection each request that is under way came over, to cancel it when the client closes its side.
package final class ConnectionWatch: Sendable {
  private let watched = Mutex<[ConnectionID: RequestCancellation]>([:])

  package init() {}

  func watch(_ connection: ConnectionID, _ cancellation: RequestCancellation) {
    watched.withLock { $0[connection] = cancellation }
  }

  func forget(_ connection: ConnectionID) { watched.withLock { _ = $0.removeValue(forKey: connection) } }

  fileprivate func closed(_ connection: ConnectionID) {
    watched.withLock { $0.removeValue(forKey: connection) }?.cancel()
  }
}

/// Tells a ``ConnectionWatch`` when the client has closed its side, and clients that ask first (`Expect: 100-continue`) to go on.
package final class ConnectionWatchHandler: ChannelInboundHandler, RemovableChannelHandler {
  package typealias InboundIn = HTTPRequestPart
  package typealias OutboundOut = HTTPResponsePart
  private let watch: ConnectionWatch

  package init(_ watch: ConnectionWatch) { self.watch = watch }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .head(let head) = unwrapInboundIn(data), head.headerFields[.expect]?.lowercased() == "100-continue" {
      context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }
    context.fireChannelRead(data)
  }

  package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed { watch.closed(ConnectionID(context.channel)) }
    context.fireUserInboundEventTriggered(event)
  }

  package func channelInactive(context: ChannelHandlerContext) {
    watch.closed(ConnectionID(context.channel))
    context.fireChannelInactive()
  }
}
