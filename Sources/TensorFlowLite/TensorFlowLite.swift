internal import Glibc
internal import Synchronization
internal import TFLiteRuntime

/// Values of the runtime.
public enum Runtime {
  /// The version of TFLiteRuntime, as semantic versioning writes it.
  public static var version: String { RuntimeVersion.text }

  /// Takes the messages that say why a call failed, such as `TensorFlow Lite Error: operator 3 (CONV_2D): …`. nil writes them to the standard
  /// error, one a line. May be called from any thread.
  public static var messageHandler: (@Sendable (String) -> Void)? {
    get { handler.withLock { $0 } }
    set { handler.withLock { $0 = newValue } }
  }

  private static let handler = Mutex<(@Sendable (String) -> Void)?>(nil)

  /// Hands on why a call failed.
  static func report(_ cause: String) {
    let message = InterpreterError.tensorFlowLiteError(cause).description
    if let handler = messageHandler {
      handler(message)
    } else {
      let line = Array((message + "\n").utf8)
      _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
  }
}
