public import TFLiteRuntime

/// A back end that an ``Interpreter`` gives parts of the model to.
///
/// TensorFlowLiteSwift's delegates hold a C structure; here it is one that points to a delegate of this runtime. ``RuntimeDelegate`` makes it.
public protocol Delegate: AnyObject {
  typealias CDelegate = UnsafeMutablePointer<TfLiteDelegate>

  /// Must stay valid as long as this object.
  var cDelegate: CDelegate { get }
}

/// What a ``Delegate`` points to.
public struct TfLiteDelegate {
  /// What answers which operators it takes, and runs them.
  public var delegate: any TFLiteRuntime.Delegate

  public init(_ delegate: any TFLiteRuntime.Delegate) {
    self.delegate = delegate
  }
}

/// Any delegate of this runtime for an ``Interpreter`` of this module: `RuntimeDelegate(.xnnpack())`.
@safe public final class RuntimeDelegate: Delegate {
  public let cDelegate: CDelegate

  public init(_ delegate: any TFLiteRuntime.Delegate) {
    unsafe cDelegate = CDelegate.allocate(capacity: 1)
    unsafe cDelegate.initialize(to: TfLiteDelegate(delegate))
  }

  deinit {
    unsafe cDelegate.deinitialize(count: 1)
    unsafe cDelegate.deallocate()
  }
}
