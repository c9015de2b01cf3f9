internal import Glibc

/// A thread of our own: models run for long, which threads of the concurrency runtime must not.
@safe final class WorkerThread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a thread that runs `body` and ends with it. Models nest calls, so its stack is not small.
  ///
  /// - Throws: ``ServingError`` when the system has no thread left.
  static func start(_ body: @escaping @Sendable () -> Void) throws(ServingError) {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setstacksize(&attributes, 16 << 20)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    defer { unsafe pthread_attr_destroy(&attributes) }
    let context = unsafe Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let status = unsafe pthread_create(
      &thread, &attributes,
      { argument in
        if let argument = unsafe argument {
          unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        }
        return nil
      }, context.toOpaque())
    guard status == 0 else {
      unsafe context.release()
      throw ServingError(.unavailable, "the system has no thread left (error \(status))")
    }
  }
}
