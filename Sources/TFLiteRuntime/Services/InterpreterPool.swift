internal import Kernels
internal import Synchronization

/// Several interpreters of one model for many tasks: a service's requests share its weights, wait in line, and stop when they are cancelled or
/// late.
///
/// Every interpreter has a thread of its own, so that inferences do not hold up a program's other tasks (``Options/hasOwnThreads``). The model's weights and the forms that
/// the built-in kernels pack them into are there once; each interpreter adds its arena, and what delegates pack.
///
/// A call that finds all interpreters busy waits, first come, first served. The line is bounded: when it is full, calls fail at once
/// (``InterpreterPoolError/queueIsFull(limit:)``), which is better than to answer late. A task that is cancelled leaves the line, or stops the
/// invocation that it has begun, between two operators or inside a long one. A deadline counts from the call and covers the wait.
///
/// Safe to use from several tasks.
public final class InterpreterPool: Sendable {
  /// What an interpreter remembers from one use to the next.
  public enum StatePolicy: Sendable, Hashable {
    /// Everything: variable tensors, states, resource variables and hash tables. Callers then see what others left.
    case keeps
    /// Variable tensors and states (``Interpreter/Options/states``) begin at zero each time; resource variables and hash tables, which many models fill once, stay.
    case resetsVariables
    /// Nothing: resources are forgotten too, and the model's initialisation runs again each time.
    case resetsVariablesAndResources
  }

  public struct Options: Sendable {
    /// Interpreters, at least 1: how many calls run at the same time.
    public var instances: Int
    /// Calls that may wait.
    public var maximumQueueLength: Int
    /// What an interpreter remembers from one use to the next. Whatever is chosen, inputs that a call does not write hold an earlier call's
    /// values, and keep the shape that it gave them.
    public var state: StatePolicy
    /// Whether the time of each operator is recorded, for ``InterpreterPool/profile()``.
    public var isProfiling: Bool
    /// Whether each interpreter has a thread on which calls run. Without, they run on the calling task's thread, which is then busy: right for models
    /// that take microseconds, where changing threads twice takes longer than the inference.
    public var hasOwnThreads: Bool
    /// Options of each interpreter. `threads` are those of one interpreter: instances times threads should not be more than the machine has.
    public var interpreter: Interpreter.Options

    public init(
      instances: Int = 1, maximumQueueLength: Int = 256, state: StatePolicy = .resetsVariables,
      isProfiling: Bool = false, hasOwnThreads: Bool = true, interpreter: Interpreter.Options = Interpreter.Options()
    ) {
      self.instances = instances
      self.maximumQueueLength = maximumQueueLength
      self.state = state
      self.isProfiling = isProfiling
      self.hasOwnThreads = hasOwnThreads
      self.interpreter = interpreter
    }
  }

  /// What a pool does and has done.
  public struct Statistics: Sendable, Hashable {
    public var instances = 0
    /// Calls that run now.
    public var running = 0
    /// Calls that wait now.
    public var waiting = 0
    /// Calls that got an interpreter, those that failed in it included.
    public var served: UInt64 = 0
    /// Calls that found the line full.
    public var refused: UInt64 = 0
    /// Calls that were cancelled, or whose deadline passed, while they waited.
    public var abandoned: UInt64 = 0
  }

  private typealias Waiter = CheckedContinuation<Result<Int, any Error>, Never>

  private struct State {
    var free: [Int]
    var line = WaitingLine<Waiter>()
    var nextTicket: UInt64 = 0
    /// Tickets that are not in the line yet, and why they shall not come into it.
    var entering: [UInt64: ModelError?] = [:]
    var isClosed = false
    var statistics = Statistics()
  }

  public let model: Model
  public let options: Options
  private let interpreters: [PooledInterpreter]
  private let state: Mutex<State>

  /// A pool with all its interpreters, ready to run.
  ///
  /// - Parameters:
  ///   - model: the model, whose constants its interpreters share.
  ///   - signature: the signature's key; nil for subgraph 0.
  ///   - options: how many interpreters there are, and how many calls may wait for them.
  ///   - delegates: asked in this order for each operator; what none takes runs with the built-in kernels.
  ///   - prepare: called with each interpreter before it is used, to resize inputs or to run it once; allocates it when left out.
  /// - Throws: ``ModelError``, as making and allocating an interpreter does; `limitExceeded` when the system gives no more threads.
  public init(
    _ model: Model, signature: String? = nil, options: Options = Options(), delegates: [any Delegate] = [],
    prepare: @Sendable (Interpreter) throws(ModelError) -> Void = { (interpreter) throws(ModelError) in
      try interpreter.allocate()
    }
  ) throws(ModelError) {
    self.model = model
    self.options = options
    var interpreters: [PooledInterpreter] = []
    for _ in 0..<max(options.instances, 1) {
      interpreters.append(
        try PooledInterpreter(model, signature: signature, options: options, delegates: delegates, prepare: prepare))
    }
    self.interpreters = interpreters
    state = Mutex(State(free: Array(interpreters.indices.reversed())))
  }

  // MARK: Running

  /// Calls `body` with an interpreter that nobody else has meanwhile, on that interpreter's thread if it has one.
  ///
  /// - Parameters:
  ///   - deadline: how long waiting and running may take together; nil for no limit. Every invocation in `body` stops when it has passed.
  ///   - body: writes inputs, invokes, and reads outputs. The interpreter must not outlive it.
  /// - Throws: ``InterpreterPoolError``; ``ModelError`` with kind `cancelled` or `deadlineExceeded`; whatever `body` throws.
  public func withInterpreter<R: Sendable>(
    deadline: Duration? = nil, _ body: @Sendable (Interpreter) throws -> R
  ) async throws -> R {
    let limit = ExecutionContext.deadline(after: deadline)
    let index = try await acquire(limit)
    defer { release(index) }
    let interpreter = interpreters[index]
    let context = interpreter.context
    context.beginScope(deadline: limit)
    defer { context.endScope() }
    return try await withTaskCancellationHandler {
      try await interpreter.run(body)
    } onCancel: {
      context.cancelScope()
    }
  }

  /// Runs the model on named inputs and answers all outputs by name; see ``Interpreter/callAsFunction(_:)``.
  ///
  /// - Throws: as ``withInterpreter(deadline:_:)``.
  public func callAsFunction(_ inputs: [String: Tensor], deadline: Duration? = nil) async throws -> [String: Tensor] {
    try await withInterpreter(deadline: deadline) { try $0(inputs) }
  }

  /// Refuses further calls, and those that wait, with ``InterpreterPoolError/closed``. Calls that run go on.
  public func close() {
    let waiters = state.withLock { state in
      state.isClosed = true
      return state.line.removeAll()
    }
    for waiter in waiters { waiter.resume(returning: .failure(InterpreterPoolError.closed)) }
  }

  // MARK: Reports

  /// What the pool does and has done.
  public var statistics: Statistics {
    state.withLock { state in
      var statistics = state.statistics
      statistics.instances = interpreters.count
      statistics.running = interpreters.count - state.free.count
      statistics.waiting = state.line.count
      return statistics
    }
  }

  /// Where each operator runs, in the first interpreter. Waits for it.
  public func placement() async -> Placement { await interpreters[0].withInterpreter { $0.placement } }

  /// The arena of the first interpreter; all have the same unless calls give inputs different shapes. Waits for it.
  public func arena() async -> ArenaReport { await interpreters[0].withInterpreter { $0.arena } }

  /// The time of each step, all interpreters together; empty unless ``Options/isProfiling``. Waits for each of them.
  public func profile() async -> [Profiler.Entry] {
    var profiles: [[Profiler.Entry]] = []
    for interpreter in interpreters {
      profiles.append(await interpreter.withInterpreter { $0.profiler?.entries ?? [] })
    }
    return Profiler.merge(profiles)
  }

  // MARK: Waiting

  private func acquire(_ deadline: UInt64) async throws -> Int {
    guard !Task.isCancelled else { throw ModelError(.cancelled, "cancelled before it began") }
    let ticket: UInt64
    switch try take() {
    case .interpreter(let index): return index
    case .ticket(let number): ticket = number
    }
    let timer = deadline == 0 ? nil : timer(ticket, deadline)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { enter($0, ticket) }
    } onCancel: {
      leave(ticket, ModelError(.cancelled, "cancelled while it waited for an interpreter"))
    }
    timer?.cancel()
    return try result.get()
  }

  private enum Admission {
    case interpreter(Int)
    case ticket(UInt64)
  }

  /// A free interpreter, or a ticket to wait for one.
  private func take() throws -> Admission {
    try state.withLock { state in
      guard !state.isClosed else { throw InterpreterPoolError.closed }
      if let index = state.free.popLast() {
        state.statistics.served += 1
        return .interpreter(index)
      }
      guard state.line.count < options.maximumQueueLength else {
        state.statistics.refused += 1
        throw InterpreterPoolError.queueIsFull(limit: options.maximumQueueLength)
      }
      state.nextTicket += 1
      state.entering[state.nextTicket] = .some(nil)
      return .ticket(state.nextTicket)
    }
  }

  private func enter(_ waiter: Waiter, _ ticket: UInt64) {
    let answer: Result<Int, any Error>? = state.withLock { state in
      let reason = state.entering.removeValue(forKey: ticket) ?? nil
      if state.isClosed { return .failure(InterpreterPoolError.closed) }
      if let reason {
        state.statistics.abandoned += 1
        return .failure(reason)
      }
      // One may have become free since the ticket was given, and others may have come.
      if let index = state.free.popLast() {
        state.statistics.served += 1
        return .success(index)
      }
      guard state.line.count < options.maximumQueueLength else {
        state.statistics.refused += 1
        return .failure(InterpreterPoolError.queueIsFull(limit: options.maximumQueueLength))
      }
      state.line.append(waiter, ticket: ticket)
      return nil
    }
    if let answer { waiter.resume(returning: answer) }
  }

  private func leave(_ ticket: UInt64, _ error: ModelError) {
    let waiter = state.withLock { state -> Waiter? in
      guard let waiter = state.line.remove(ticket: ticket) else {
        if state.entering[ticket] != nil { state.entering[ticket] = error }
        return nil
      }
      state.statistics.abandoned += 1
      return waiter
    }
    waiter?.resume(returning: .failure(error))
  }

  /// Takes the ticket out of the line when the deadline has passed.
  private func timer(_ ticket: UInt64, _ deadline: UInt64) -> Task<Void, Never> {
    let now = ExecutionContext.now()
    let remaining = deadline > now ? deadline - now : 0
    return Task { [weak self] in
      do { try await Task.sleep(nanoseconds: remaining) } catch { return }
      self?.leave(ticket, ModelError(.deadlineExceeded, "the deadline passed while it waited for an interpreter"))
    }
  }

  /// Hands the interpreter to who waited longest.
  private func release(_ index: Int) {
    let waiter = state.withLock { state -> Waiter? in
      guard let waiter = state.line.popFirst() else {
        state.free.append(index)
        return nil
      }
      state.statistics.served += 1
      return waiter
    }
    waiter?.resume(returning: .success(index))
  }
}

/// Why a pool does not take a call.
public enum InterpreterPoolError: Error, Sendable, Hashable, CustomStringConvertible {
  /// As many calls wait as may.
  case queueIsFull(limit: Int)
  /// ``InterpreterPool/close()`` was called.
  case closed

  public var description: String {
    switch self {
    case .queueIsFull(let limit): "all interpreters are busy and \(limit) calls wait"
    case .closed: "the pool is closed"
    }
  }
}
