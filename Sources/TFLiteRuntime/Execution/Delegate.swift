public import Kernels
public import TensorTypes

/// A back end that runs parts of a graph in place of the built-in kernels.
///
/// A delegate answers two questions and never edits the graph: does it take a node (and if not, why), and compile a region of nodes that it
/// took. The runtime grows the regions, checks them, replaces each by one step, and keeps the built-in kernels for everything else.
public protocol Delegate: Sendable {
  /// A short lower-case name for reports and the command line, such as `xnnpack`.
  var name: String { get }

  /// Which regions to make.
  var partitioning: PartitioningOptions { get }

  /// The delegate for one model, asked once when an interpreter is made of it, before any node. A delegate that decides by looking at a whole
  /// model does so here; others answer themselves.
  ///
  /// - Throws: ``ModelError`` when the model must not be run with this delegate; the interpreter is then not made.
  func prepared(for model: Model) throws(ModelError) -> any Delegate

  /// The same for one interpreter of the model, for delegates whose choice depends on threads or on the signature.
  ///
  /// - Throws: ``ModelError`` when the model must not be run with this delegate; the interpreter is then not made.
  func prepared(for model: Model, in setting: DelegateSetting) throws(ModelError) -> any Delegate

  /// Which partition a node that the delegate accepts is to be in, by any number; nil where the runtime is to grow the regions. Nodes of a
  /// partition that would depend on itself through other nodes are split into several.
  func partition(of node: DelegateNode) -> Int?

  /// Whether the delegate can run this node with the operand types and shapes it has now.
  func supports(_ node: DelegateNode) -> DelegateSupport

  /// Makes a region executable. Called each time an interpreter allocates; may be called from several threads.
  ///
  /// - Throws: ``DelegateError``; the interpreter then runs the region's nodes with the built-in kernels and says so in its placement.
  func compile(_ region: DelegateRegion) throws(DelegateError) -> any CompiledRegion
}

extension Delegate {
  public var partitioning: PartitioningOptions { PartitioningOptions() }
  public func prepared(for model: Model) throws(ModelError) -> any Delegate { self }
  public func prepared(for model: Model, in setting: DelegateSetting) throws(ModelError) -> any Delegate {
    try prepared(for: model)
  }
  public func partition(of node: DelegateNode) -> Int? { nil }
}

/// A delegate's answer about one node.
public enum DelegateSupport: Sendable, Hashable {
  case accepted
  /// Not taken; the reason is for people to read, such as `int16 activations have no kernel in this library`.
  case refused(String)
}

/// Why a delegate could not compile or run a region.
public struct DelegateError: Error, Sendable, Hashable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// Which regions the runtime makes of the nodes that a delegate accepts.
public struct PartitioningOptions: Sendable, Hashable {
  /// Regions with fewer nodes run with the built-in kernels.
  public var minimumNodes: Int
  /// At most this many regions, the largest first; nil for no maximum.
  public var maximumPartitions: Int?
  /// Operators that are never given to the delegate, by name (`SOFTMAX`).
  public var skippedOperators: Set<String>
  /// Operators that are never given to the delegate, by where they stand in the model.
  public var skippedNodes: Set<Node.Origin>

  public init(
    minimumNodes: Int = 1, maximumPartitions: Int? = nil, skippedOperators: Set<String> = [],
    skippedNodes: Set<Node.Origin> = []
  ) {
    self.minimumNodes = minimumNodes
    self.maximumPartitions = maximumPartitions
    self.skippedOperators = skippedOperators
    self.skippedNodes = skippedNodes
  }
}

/// A node as a delegate sees it: operator, operand types with their final shapes, and constants.
public struct DelegateNode: Sendable {
  /// The operator with its options parsed; cast it to its type, such as `Kernels.Conv2D`.
  public let operation: any Operator
  /// The schema's spelling.
  public let name: String
  public let version: Int
  public let origin: Node.Origin
  public let inputs: [DelegateOperand?]
  public let outputs: [DelegateOperand]
}

/// A tensor as a delegate sees it.
public struct DelegateOperand: Sendable {
  public let tensor: TensorID
  public let name: String
  public let type: TensorType
  /// The value of a constant.
  public let constant: Constant?
}

/// Nodes that a delegate took, to be run as one step.
public struct DelegateRegion {
  /// In execution order.
  public let nodes: [DelegateNode]
  /// Computed tensors that the region reads and others write. Constants are found in the nodes.
  public let inputs: [DelegateOperand]
  /// Tensors that the region writes and others read.
  public let outputs: [DelegateOperand]
  /// Tensors that only the region sees.
  public let internals: [DelegateOperand]
  /// The interpreter's threads.
  public let threadPool: ThreadPool
}

/// A region that can be run. Belongs to one interpreter.
public protocol CompiledRegion: AnyObject {
  /// Whether the runtime should plan memory for ``DelegateRegion/internals`` in its arena. Otherwise they have no address.
  var needsInternals: Bool { get }

  /// Whether views (such as RESHAPE) inside the region may have the memory of what they view.
  var sharesViews: Bool { get }

  /// Bytes of scratch memory wanted in the arena, aligned to 64.
  var scratchBytes: Int { get }

  /// Says where tensors are. Called after memory is planned and whenever it moves, before the next ``invoke(_:)``.
  func bind(_ memory: RegionMemory) throws(DelegateError)

  /// Runs the region. Long regions look at ``Kernels/ExecutionContext/shouldStop`` between their nodes and return early.
  func invoke(_ context: ExecutionContext) throws(DelegateError)

  /// Does the same, and tells when each of the region's nodes began and ended, in nanoseconds of the monotonic clock. Regions that do
  /// not know tell nothing.
  func invoke(_ context: ExecutionContext, nodeRan: (_ position: Int, _ start: UInt64, _ end: UInt64) -> Void)
    throws(DelegateError)
}

extension CompiledRegion {
  public var needsInternals: Bool { false }
  public var sharesViews: Bool { true }
  public var scratchBytes: Int { 0 }
  public func invoke(_ context: ExecutionContext, nodeRan: (_ position: Int, _ start: UInt64, _ end: UInt64) -> Void)
    throws(DelegateError)
  { try invoke(context) }
}

/// Where the tensors of a region are in memory. At least 16 bytes behind each tensor may be read (not written).
@safe public struct RegionMemory {
  let slots: [TensorID: OperandSlot]
  let scratch: OperandSlot

  /// A tensor's memory; nil for tensors that have none.
  public func bytes(of tensor: TensorID) -> UnsafeMutableRawBufferPointer? {
    guard let slot = slots[tensor] else { return nil }
    return unsafe UnsafeMutableRawBufferPointer(start: slot.address, count: slot.byteCount)
  }

  public var scratchBytes: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: scratch.address, count: scratch.byteCount)
  }
}
