public import FlatBuffers
internal import Synchronization

/// The value of a constant tensor, together with every form it was packed into for a kernel.
///
/// Packed forms live as long as the constant, so all interpreters of a model share them. Safe to use from several threads.
public final class Constant: Sendable {
  private struct Form {
    let bytes: SharedBytes
    /// What fills it, if that may not have happened yet.
    let job: PackingJob?
  }

  public let bytes: SharedBytes
  private let forms = Mutex<[String: Form]>([:])

  public init(_ bytes: SharedBytes) {
    self.bytes = bytes
  }

  /// The form named `layout`, made by `build` the first time it is asked for.
  func packed<E: Error>(_ layout: String, build: () throws(E) -> SharedBytes) throws(E) -> SharedBytes {
    try form(layout) { () throws(E) in
      let form = try build()
      bytes.releasePages()
      return (form, nil)
    }.bytes
  }

  /// The form named `layout`, made by `build` the first time it is asked for, and what fills it.
  func form<E: Error>(
    _ layout: String, build: () throws(E) -> (SharedBytes, PackingJob?)
  ) throws(E) -> (bytes: SharedBytes, job: PackingJob?) {
    // The lock is held while packing, so that two interpreters never pack the same weights twice.
    let result = forms.withLock { forms -> Result<Form, E> in
      if let form = forms[layout] { return .success(form) }
      do throws(E) {
        let (bytes, job) = try build()
        let form = Form(bytes: bytes, job: job)
        forms[layout] = form
        return .success(form)
      } catch {
        return .failure(error)
      }
    }
    let form = try result.get()
    return (form.bytes, form.job)
  }

  /// The form named `layout`, unless nobody but this constant has it any more, as when its kernel was given up for a fused one: then it is
  /// forgotten.
  func wantedForm(_ layout: String) -> SharedBytes? {
    forms.withLock { forms in
      weak let bytes = forms[layout]?.bytes
      let job = forms[layout]?.job
      forms[layout] = nil
      guard let bytes else { return nil }
      forms[layout] = Form(bytes: bytes, job: job)
      return bytes
    }
  }

  /// Bytes of all packed forms.
  public var packedBytes: Int {
    forms.withLock { $0.values.reduce(0) { $0 + $1.bytes.count } }
  }
}
