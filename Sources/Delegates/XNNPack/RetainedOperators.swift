internal import Synchronization
internal import TFLiteRuntime

/// What an interpreter's operators were last copied from. While inputs are resized the operators themselves are gone, and their weights would be
/// packed anew. Safe to use from several threads.
final class RetainedOperators: Sendable {
  private let forms = Mutex<[Node.Origin: SharedForms.Form<PackedOperator>]>([:])

  /// Keeps this in place of what was kept for the operator before.
  func keep(_ form: SharedForms.Form<PackedOperator>?, for origin: Node.Origin) {
    // What was kept before is let go of outside of the lock.
    let former = forms.withLock { forms -> SharedForms.Form<PackedOperator>? in
      let former = forms[origin]
      forms[origin] = form
      return former
    }
    withExtendedLifetime(former) {}
  }
}
