public import FlatBuffers
internal import Synchronization

/// The value of a constant tensor, together with every form it was packed into for a kernel.
///
/// Packed forms live as long as the constant, so all interpreters of a model share them. Safe to use from several threads.
public final class Constant: Sendable {
  public let bytes: SharedBytes
  private let packed = Mutex<[String: SharedBytes]>([:])

  public init(_ bytes: SharedBytes) {
    self.bytes = bytes
  }

  /// The form named `layout`, made by `build` the first time it is asked for.
  func packed<E: Error>(_ layout: String, build: () throws(E) -> SharedBytes) throws(E) -> SharedBytes {
    // The lock is held while packing, so that two interpreters never pack the same weights twice.
    let result = packed.withLock { forms -> Result<SharedBytes, E> in
      if let form = forms[layout] { return .success(form) }
      do throws(E) {
        let form = try build()
        forms[layout] = form
        bytes.releasePages()
        return .success(form)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Bytes of all packed forms.
  public var packedBytes: Int {
    packed.withLock { $0.values.reduce(0) { $0 + $1.count } }
  }
}
