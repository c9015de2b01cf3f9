internal import CXNNPack
internal import FlatBuffers
package import Kernels
public import TFLiteRuntime
internal import TensorTypes

/// Runs parts of a model with XNNPACK, Debian's `libxnnpack0`, on the interpreter's threads.
///
/// Takes `float32`, `int8` and `uint8` forms of convolutions, fully connected layers, elementwise arithmetic, activations, pooling, resizing
/// and padding whose filters are constant; refuses everything else with a reason. Results of quantised operators may differ from the built-in
/// kernels by one step, because the library rounds sums in floating point. Weights are packed once for all interpreters of a model that are
/// alive at the same time, and stay packed when inputs are resized. Safe to use from several threads.
public struct XNNPackDelegate: Delegate {
  public let name = "xnnpack"
  public let partitioning: PartitioningOptions
  /// What one interpreter's operators were copied from; nil before the delegate belongs to an interpreter.
  private var retained: RetainedOperators?

  public init(partitioning: PartitioningOptions = PartitioningOptions()) {
    self.partitioning = partitioning
  }

  public func prepared(for model: Model, in setting: DelegateSetting) throws(ModelError) -> any Delegate {
    var delegate = self
    delegate.retained = RetainedOperators()
    return delegate
  }

  /// The operators with packed weights that were made of a constant and are in use, by numbers that are never used twice.
  package static func packedOperators(of constant: Constant) -> [Int] { SharedForms.packedOperators(of: constant) }

  /// Whether the library has kernels for `float16` arithmetic on this processor.
  package static var hasFloat16: Bool { XNNPackLibrary.hasHalf }

  public func supports(_ node: DelegateNode) -> DelegateSupport {
    guard XNNPackLibrary.status == xnn_status_success else {
      return .refused("the library could not be initialised: \(XNNPackLibrary.name(XNNPackLibrary.status))")
    }
    do throws(Refusal) {
      _ = try Lowering.plan(node)
      return .accepted
    } catch {
      return .refused(error.reason)
    }
  }

  public func compile(_ region: DelegateRegion) throws(DelegateError) -> any CompiledRegion {
    guard XNNPackLibrary.status == xnn_status_success else {
      throw DelegateError("the library could not be initialised: \(XNNPackLibrary.name(XNNPackLibrary.status))")
    }
    var operators: [LoweredOperator] = []
    for node in region.nodes {
      let plan: OperatorPlan
      do throws(Refusal) { plan = try Lowering.plan(node) } catch {
        throw DelegateError("\(node.name): \(error.reason)")
      }
      let made = try plan.make()
      retained?.keep(made.packed, for: node.origin)
      operators.append(made)
    }
    return XNNPackRegion(operators: operators, threadPool: region.threadPool)
  }
}

extension Delegate where Self == XNNPackDelegate {
  /// XNNPACK; see `XNNPackDelegate`.
  public static func xnnpack(partitioning: PartitioningOptions = PartitioningOptions()) -> XNNPackDelegate {
    XNNPackDelegate(partitioning: partitioning)
  }
}

/// Operators of the library that run one after the other.
final class XNNPackRegion: CompiledRegion {
  private let operators: [LoweredOperator]
  private let threadPool: ThreadPool

  init(operators: [LoweredOperator], threadPool: ThreadPool) {
    self.operators = operators
    self.threadPool = threadPool
  }

  var needsInternals: Bool { true }

  func bind(_ memory: RegionMemory) throws(DelegateError) {
    for lowered in operators { try lowered.setUp(memory, threadPool: threadPool) }
  }

  func invoke(_ context: ExecutionContext) throws(DelegateError) {
    for lowered in operators {
      if context.shouldStop { return }
      try lowered.run()
    }
  }

  func invoke(_ context: ExecutionContext, nodeRan: (_ position: Int, _ start: UInt64, _ end: UInt64) -> Void)
    throws(DelegateError)
  {
    for (position, lowered) in operators.enumerated() {
      if context.shouldStop { return }
      let start = ExecutionContext.now()
      try lowered.run()
      nodeRan(position, start, ExecutionContext.now())
    }
  }
}
