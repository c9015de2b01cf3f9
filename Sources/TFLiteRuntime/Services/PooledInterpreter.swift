internal import Kernels

/// An interpreter with a thread of its own, on which it is made ready and used.
actor PooledInterpreter {
  private let executor: ThreadExecutor
  private let interpreter: Interpreter
  private let state: InterpreterPool.StatePolicy
  nonisolated let context: ExecutionContext

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  init(
    _ model: Model, signature: String?, options: InterpreterPool.Options, delegates: [any Delegate],
    prepare: @Sendable (Interpreter) throws(ModelError) -> Void
  ) throws(ModelError) {
    let interpreter = try Interpreter(model, signature: signature, options: options.interpreter, delegates: delegates)
    try prepare(interpreter)
    if options.isProfiling { interpreter.profiler = Profiler() }
    context = interpreter.context
    state = options.state
    self.interpreter = interpreter
    executor = try ThreadExecutor()
  }

  deinit { executor.stop() }

  func run<R: Sendable>(_ body: @Sendable (Interpreter) throws -> R) throws -> R {
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

  var placement: Placement { interpreter.placement }
  var arena: ArenaReport { interpreter.arena }
  var profile: [Profiler.Entry] { interpreter.profiler?.entries ?? [] }
}
