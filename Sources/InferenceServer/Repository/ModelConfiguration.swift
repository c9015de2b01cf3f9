/// How one model is served: what `config.json` in its folder says.
package struct ModelConfiguration: Sendable, Hashable {
  package enum VersionPolicy: Sendable, Hashable {
    /// The highest numbers.
    case latest(Int)
    case all
    case specific([Int])
  }

  package enum DelegateChoice: String, Sendable, Hashable, CaseIterable {
    case builtin, xnnpack
    /// The one of both that was measured to be faster.
    case automatic = "auto"
  }

  /// Who runs the operators.
  package var delegate: DelegateChoice = .builtin
  /// Threads of each instance.
  package var threads = 1
  /// Interpreters that run side by side.
  package var instances = 1
  /// The signature that is served; nil for the first subgraph.
  package var signature: String?
  package var batching = BatchPolicy()
  /// Requests that may wait; more are refused at once.
  package var maximumQueueSize = 256
  /// How long a request may take that asks for no limit of its own.
  package var defaultTimeout: Duration = .seconds(30)
  /// The longest time that a request may ask for.
  package var maximumTimeout: Duration = .seconds(300)
  /// Invocations on zeros before a version is ready, for each batch size that is prepared.
  package var warmUps = 1
  package var versions: VersionPolicy = .latest(1)
  /// Whether variables keep their values from one request to the next.
  package var keepsState = false
  /// The model's file in a version's folder.
  package var fileName = "model.tflite"
  /// The files with names of classes, one a line, by the output that they are for.
  package var labels: [String: String] = [:]
  /// Bytes that one instance may take for tensors.
  package var maximumArenaBytes = 1 << 30

  package init() {}
}
