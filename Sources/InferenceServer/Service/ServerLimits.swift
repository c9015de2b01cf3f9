/// What requests may not exceed.
package struct ServerLimits: Sendable, Hashable {
  /// Bytes of one request, headers aside.
  package var requestBytes: Int
  /// Bytes of all requests that are under way.
  package var bufferedBytes: Int
  /// Inference requests that are under way, waiting ones included.
  package var concurrentRequests: Int
  /// Connections for HTTP; more wait in the system's queue.
  package var connections: Int
  /// After this time without a byte, a connection is closed.
  package var idleTimeout: Duration

  package init(
    requestBytes: Int = 64 << 20, bufferedBytes: Int = 1 << 30, concurrentRequests: Int = 1024,
    connections: Int = 8192, idleTimeout: Duration = .seconds(60)
  ) {
    self.requestBytes = requestBytes
    self.bufferedBytes = bufferedBytes
    self.concurrentRequests = concurrentRequests
    self.connections = connections
    self.idleTimeout = idleTimeout
  }
}
