package import HummingbirdCore
package import Logging
package import NIOCore

/// Connections of `base` whose tasks run on the connection's event loop.
package struct EventLoopChannel<Base: ServerChildChannel>: ServerChildChannel {
  package typealias Value = Base.Value
  private let base: Base

  package init(_ base: Base) { self.base = base }

  package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    base.setup(channel: channel, logger: logger)
  }

  package func handle(value: Value, logger: Logger) async {
    await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
      await base.handle(value: value, logger: logger)
    }
  }
}
