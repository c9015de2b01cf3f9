internal import HummingbirdCore
internal import NIOCore
internal import Synchronization

/// Takes so many connections and no more; further ones wait in the system's queue until others close.
struct ConnectionLimit: AvailableConnectionsDelegate {
  /// Nothing is accepted before the listening channel takes one connection at a time: it would take several before it asks again.
  final class Gate: Sendable {
    private let state = Atomic(false)

    var isOpen: Bool { state.load(ordering: .acquiring) }

    func open(_ channel: any Channel) async {
      try? await channel.setOption(.maxMessagesPerRead, value: 1).get()
      state.store(true, ordering: .releasing)
      channel.read()
    }
  }

  private let maximum: Int
  private let gate: Gate
  private var count = 0

  init(_ maximum: Int, gate: Gate) {
    self.maximum = maximum
    self.gate = gate
  }

  mutating func connectionOpened() { count += 1 }

  mutating func connectionClosed() { count -= 1 }

  func isAcceptingNewConnections() -> Bool { gate.isOpen && count < maximum }
}
