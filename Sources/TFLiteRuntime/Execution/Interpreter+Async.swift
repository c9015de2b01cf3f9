internal import Kernels

extension Interpreter {
  /// Computes the outputs as ``invoke(deadline:)`` does, in the calling task and on its executor, and stops soon after that task is cancelled.
  ///
  /// It does not suspend: the executor's thread is busy until the outputs are there. Programs that must stay responsive meanwhile use an
  /// ``InterpreterPool``, whose interpreters have threads of their own.
  ///
  /// - Parameter deadline: how long it may take; nil for no limit.
  /// - Throws: ``ModelError`` with kind `cancelled` when the task is cancelled, and whatever ``invoke(deadline:)`` throws.
  public nonisolated(nonsending) func run(deadline: Duration? = nil) async throws(ModelError) {
    let context = context
    context.beginScope()
    defer { context.endScope() }
    // Cancelled between two operators, or in a long one.
    let result: Result<Void, ModelError> = await withTaskCancellationHandler {
      Result { () throws(ModelError) in try invoke(deadline: deadline) }
    } onCancel: {
      context.cancelScope()
    }
    try result.get()
  }
}
