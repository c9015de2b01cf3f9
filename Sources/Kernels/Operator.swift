public import TensorTypes

/// One TFLite operator: its options, what it infers from operand types, and the kernel it prepares.
///
/// An operator lives through four moments, each with its own function:
/// - **parse**: ``init(options:)`` reads the options stored in the model.
/// - **infer**: ``infer(_:)`` checks number, types and shapes of the operands and answers the output shapes.
/// - **prepare**: ``prepare(_:)`` chooses a kernel for known types and shapes, packs weights, builds tables.
/// - **invoke**: the ``Kernel`` runs; it neither allocates nor chooses, and on valid data it cannot fail.
///
/// Conforming types are values without mutable state: one instance serves every interpreter of a model, from several threads.
public protocol Operator: Sendable {
  /// Name, code and versions.
  static var definition: OperatorDefinition { get }

  /// Reads the operator's options. Absent options mean the schema's defaults.
  ///
  /// - Throws: ``TensorTypes/OperatorError/malformed(_:)`` for values outside the schema's range.
  init(options: OperatorOptions) throws(OperatorError)

  /// The output shapes for these operand types, one for each output.
  ///
  /// Element type and quantisation of outputs are the model's declaration; this function checks them.
  /// - Throws: `malformed` or `unsupported` for operands that no kernel takes; `needsValue` when a shape depends on a value that
  ///   is not known yet (see ``NodeContext/integers(_:)``), in which case the runtime asks again while the model runs.
  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape]

  /// The kernel for operands whose types and shapes are known. Called after ``infer(_:)`` succeeded for the same operands.
  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel

  /// The element types that the outputs have whatever the model declares for them; nil where the declaration counts, as it mostly does.
  /// Some converters leave a wrong declaration behind, which TFLite's kernels overwrite.
  func outputElements(_ inputs: [TensorType?]) -> [ElementType]?

  /// Which operands may share memory.
  var sharing: OperandSharing { get }

  /// The input whose elements are moved to the outputs without being looked at, whatever their type; nil where there is none. The runtime then runs the
  /// operator on string tensors too, with the elements' numbers in their place.
  var movedInput: Int? { get }

  /// Whether equal inputs give equal outputs and nothing else changes. Only then may the runtime compute the operator once instead of each
  /// time, or leave it out when nobody reads its outputs.
  var isPure: Bool { get }

  /// Whether the outputs depend on the inputs' types and shapes only, never on their values (`SHAPE`, `RANK`).
  var dependsOnlyOnShapes: Bool { get }
}

extension Operator {
  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? { nil }
  public var sharing: OperandSharing { .separate }
  public var movedInput: Int? { nil }
  public var isPure: Bool { true }
  public var dependsOnlyOnShapes: Bool { false }
}

/// Who an operator is.
public struct OperatorDefinition: Sendable, Hashable {
  public enum Identity: Sendable, Hashable {
    case builtin(BuiltinOperator)
    /// A custom operator, by its `custom_code`.
    case custom(String)
  }

  public let identity: Identity
  /// The operator versions of the schema that the kernels implement.
  public let versions: ClosedRange<Int>
  /// The member of the schema's union `BuiltinOptions` that holds this operator's options; nil when it has none there.
  public let options: UInt8?
  /// The member of the schema's union `BuiltinOptions2`; nil when it has none there.
  public let options2: UInt8?

  /// The definition of a builtin operator.
  public init(_ builtin: BuiltinOperator, versions: ClosedRange<Int>, options: UInt8? = nil, options2: UInt8? = nil) {
    identity = .builtin(builtin)
    self.versions = versions
    self.options = options
    self.options2 = options2
  }

  /// The definition of a custom operator.
  public init(custom name: String) {
    identity = .custom(name)
    versions = 1...Int(Int32.max)
    options = nil
    options2 = nil
  }

  /// The schema's spelling, such as `CONV_2D`, or the custom code.
  public var name: String {
    switch identity {
    case .builtin(let builtin): builtin.name
    case .custom(let name): name
    }
  }
}

/// Which operands of an operator may occupy the same memory.
public enum OperandSharing: Sendable, Hashable {
  /// Outputs never overlap inputs.
  case separate
  /// Output 0 may overwrite one of these inputs when both have the same size: the kernel reads element *i* of it before it writes
  /// element *i* of the output, and never later.
  case inPlace([Int])
  /// Output 0 has the same bytes as this input. Where the runtime gives both the same memory the kernel does not run at all.
  case view(of: Int)
}

/// Consecutive bytes of an input that become consecutive bytes of an output.
package struct BlockCopy: Sendable, Hashable {
  package var input: Int
  package var output: Int
  /// Where the block begins in the input and in the output.
  package var source: Int
  package var target: Int
  package var byteCount: Int

  package init(input: Int, output: Int, source: Int, target: Int, byteCount: Int) {
    self.input = input
    self.output = output
    self.source = source
    self.target = target
    self.byteCount = byteCount
  }
}

/// A prepared computation.
public struct Kernel: Sendable {
  /// Computes outputs from inputs. Must write every element of every output.
  public typealias Invoke = @Sendable (Operands) throws(OperatorError) -> Void

  /// Bytes of each scratch buffer that `invoke` finds as `scratch(0)`, `scratch(1)`, …, aligned to 64. Their content does not
  /// survive the invocation.
  public let scratch: [Int]
  public let invoke: Invoke
  /// What the kernel does where it only copies; empty where it does anything else. The runtime may give what is copied and its copy the same memory:
  /// blocks that are in their place already need not be copied, and a kernel whose blocks all are does not run.
  package var blocks: [BlockCopy] = []
  /// Whether `invoke` writes output 0 with the ``NodeContext/outputPitch`` that it was prepared with.
  var takesOutputPitch = false
  /// How many bytes of output 0 lie before what `invoke` is given of it.
  package var outputOffset = 0
  /// Whether `invoke` also applies the ``NodeContext/epilogue`` that it was prepared with.
  var appliesEpilogue = false

  public init(scratch: [Int] = [], invoke: @escaping Invoke) {
    self.scratch = scratch
    self.invoke = invoke
  }
}
