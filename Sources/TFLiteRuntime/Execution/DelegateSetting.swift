public import Kernels

/// What an interpreter is going to run, told to its delegates before anything else.
public struct DelegateSetting: Sendable {
  /// The signature's key; nil for subgraph 0.
  public let signature: String?
  /// The subgraph that the interpreter runs.
  public let subgraph: Int
  /// The interpreter's threads.
  public let threadPool: ThreadPool
  public let compiler: GraphCompiler

  public init(signature: String?, subgraph: Int, threadPool: ThreadPool, compiler: GraphCompiler = GraphCompiler()) {
    self.signature = signature
    self.subgraph = subgraph
    self.threadPool = threadPool
    self.compiler = compiler
  }
}
