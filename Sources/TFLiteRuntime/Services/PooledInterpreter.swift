internal import Kernels
internal import Synchronization

/// An interpreter of a pool, used by one call at a time.
final class PooledInterpreter: Sendable {
  private let interpreter: Mutex<Interpreter>
  /// Where calls run; nil for the calling tasks' threads.
  private let thread: InterpreterThread?
  private let state: InterpreterPool.StatePolicy
  let context: ExecutionContext

  init(
    _ model: Model, signature: String?, options: InterpreterPool.Options, delegates: [any Delegate],
    prepare: @Sendable (Interpreter) throws(ModelError) -> Void
  ) throws(ModelError) {
    let interpreter = try Interpreter(model, signature: signature, options: options.interpreter, delegates: delegates)
    try prepare(interpreter)
    if options.isProfiling { interpreter.profiler = Profiler() }
    context = interpreter.context
    state = options.state
    self.interpreter = Mutex(interpreter)
    thread = options.hasOwnThreads ? try InterpreterThread() : nil
  }

  /// Calls `body` with what the interpreter remembers reset.
  func run<R: Sendable>(_ body: @Sendable (Interpreter) throws -> R) async throws -> R {
    let state = state
    return try await withInterpreter { interpreter in
      switch state {
      case .keeps: break
      case .resetsVariables:
        interpreter.resetVariables()
        interpreter.resetStates()
      case .resetsVariablesAndResources:
        interpreter.resetVariables()
        interpreter.resetStates()
        interpreter.resources.reset()
      }
      return try body(interpreter)
    }
  }

  /// Calls `body` where the interpreter runs, after the call that is under way.
  func withInterpreter<R: Sendable, E: Error>(
    _ body: @Sendable (Interpreter) throws(E) -> R
  ) async throws(E) -> R {
    guard let thread else { return try locked(body) }
    return try await thread.run { () throws(E) in try self.locked(body) }
  }

  private func locked<R: Sendable, E: Error>(_ body: @Sendable (Interpreter) throws(E) -> R) throws(E) -> R {
    try interpreter.withLock { (interpreter: inout sending Interpreter) throws(E) in try body(interpreter) }
  }
}

/// A thread that functions are called on, one after the other.
actor InterpreterThread {
  private let executor: ThreadExecutor

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// - Throws: `limitExceeded` when the system gives no thread.
  init() throws(ModelError) { executor = try ThreadExecutor() }

  deinit { executor.stop() }

  func run<R: Sendable, E: Error>(_ body: @Sendable () throws(E) -> R) throws(E) -> R { try body() }
}
