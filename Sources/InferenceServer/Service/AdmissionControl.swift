internal import Synchronization

/// Counts requests and their bytes, and turns away what is over the limits at once.
package final class AdmissionControl: Sendable {
  private struct State {
    var requests = 0
    var bytes = 0
  }
  private let limits: ServerLimits
  private let state = Mutex(State())

  package init(_ limits: ServerLimits) { self.limits = limits }

  package var requests: Int { state.withLock { $0.requests } }
  package var bytes: Int { state.withLock { $0.bytes } }

  /// A place for one request.
  ///
  /// - Throws: ``ServingError`` `unavailable`.
  package func admit() throws(ServingError) -> Admission {
    let isAdmitted = state.withLock { state in
      guard state.requests < limits.concurrentRequests else { return false }
      state.requests += 1
      return true
    }
    guard isAdmitted else {
      throw ServingError(.unavailable, "the server has \(limits.concurrentRequests) requests under way, its limit")
    }
    return Admission(self, requests: 1)
  }

  /// A place for bytes of a message that is no request yet.
  func hold() -> Admission { Admission(self, requests: 0) }

  fileprivate func take(_ count: Int, total: Int) throws(ServingError) {
    guard total <= limits.requestBytes else {
      throw ServingError(
        .tooLarge,
        "request size of \(total) bytes exceeds the maximum allowed input size of \(limits.requestBytes) bytes")
    }
    let isTaken = state.withLock { state in
      guard count <= limits.bufferedBytes - state.bytes else { return false }
      state.bytes += count
      return true
    }
    guard isTaken else {
      throw ServingError(.unavailable, "the server holds \(limits.bufferedBytes) bytes of requests, its limit")
    }
  }

  fileprivate func release(requests: Int, bytes: Int) {
    state.withLock { state in
      state.requests -= requests
      state.bytes -= bytes
    }
  }
}

/// One request's place; given back when this object goes.
package final class Admission: Sendable {
  private let control: AdmissionControl
  private let requests: Int
  private let bytes = Mutex(0)

  fileprivate init(_ control: AdmissionControl, requests: Int) {
    self.control = control
    self.requests = requests
  }

  deinit { control.release(requests: requests, bytes: bytes.withLock { $0 }) }

  /// Counts bytes before they are kept.
  ///
  /// - Throws: ``ServingError`` `tooLarge` or `unavailable`.
  package func take(_ count: Int) throws(ServingError) {
    let total = bytes.withLock { $0 }.addingReportingOverflow(count)
    try control.take(count, total: total.overflow ? Int.max : total.partialValue)
    bytes.withLock { $0 += count }
  }
}
