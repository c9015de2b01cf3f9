package import HummingbirdCore
package import Logging
package import NIOCore

/// Connections of `base` whose tasks run on the connection's event loop.
package struct EventLoopChannel<Base: ServerChildChannel>: ServerChildChannel {
  package typealias Value = Base.Value
  private let base: Base
  private let prepare: @Sendable (any Channel) throws -> Void

  /// - Parameter prepare: called on the event loop with each connection that `base` has set up.
  package init(_ base: Base, prepare: @escaping @Sendable (any Channel) throws -> Void) {
    self.base = base
    self.prepare = prepare
  }

  package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    base.setup(channel: channel, logger: logger).flatMapThrowing { [prepare] value in
      try prepare(channel)
      return value
    }
  }

  package func handle(value: Value, logger: Logger) async {
    await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
      await base.handle(value: value, logger: logger)
    }
  }
}
