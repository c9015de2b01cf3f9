extension Interpreter {
  public struct Options: Equatable, Hashable, Sendable {
    /// Threads that operators are divided over, the calling one included; nil, like 0 and less, for one.
    public var threadCount: Int?

    /// Whether XNNPACK is asked for the operators that no other delegate takes.
    public var isXNNPackEnabled = false

    /// One thread, without XNNPACK.
    public init() {}
  }
}

@available(*, deprecated, renamed: "Interpreter.Options")
public typealias InterpreterOptions = Interpreter.Options
