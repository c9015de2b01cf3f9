/// Who waits, first come, first served; anybody may leave from the middle. All operations take constant time on average.
struct WaitingLine<Waiter> {
  private var waiters: [UInt64: Waiter] = [:]
  /// Tickets in the order in which they came; those that left are skipped.
  private var order: [UInt64] = []
  private var first = 0

  var count: Int { waiters.count }

  mutating func append(_ waiter: Waiter, ticket: UInt64) {
    waiters[ticket] = waiter
    order.append(ticket)
  }

  /// Takes out who has waited longest.
  mutating func popFirst() -> Waiter? {
    while first < order.count {
      let waiter = waiters.removeValue(forKey: order[first])
      first += 1
      compact()
      if let waiter { return waiter }
    }
    return nil
  }

  /// Takes out the waiter with this ticket; nil when there is none (any more).
  mutating func remove(ticket: UInt64) -> Waiter? {
    let waiter = waiters.removeValue(forKey: ticket)
    if waiter != nil { compact() }
    return waiter
  }

  /// Takes out all.
  mutating func removeAll() -> [Waiter] {
    defer { self = WaitingLine() }
    return order[first...].compactMap { waiters[$0] }
  }

  /// Drops the tickets of those that left, when they are the larger part.
  private mutating func compact() {
    guard order.count > 32, order.count > 2 * waiters.count else { return }
    order = order[first...].filter { waiters[$0] != nil }
    first = 0
  }
}
