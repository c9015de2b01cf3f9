public import Kernels
public import TensorTypes

/// A tensor's index in its graph.
public struct TensorID: Sendable, Hashable, CustomStringConvertible {
  public let index: Int
  public init(_ index: Int) { self.index = index }
  public var description: String { "T#\(index)" }
}

/// One subgraph of a model: flat arrays of tensors and nodes that name each other by index.
///
/// A graph that came out of a ``Model`` is well formed: indices are in range, nodes are in execution order, every tensor has at most one
/// producer, and constants have the bytes that their type and shape ask for.
public struct Graph: Sendable {
  public var name: String
  public var tensors: [GraphTensor]
  public var nodes: [Node]
  public var inputs: [TensorID]
  public var outputs: [TensorID]
  /// What passes did to the graph.
  var passMatches: [(pass: GraphPass, count: Int)] = []
  /// How many operators the graph had as it was stored; nil before passes.
  var storedOperators: Int?

  public init(
    name: String = "", tensors: [GraphTensor] = [], nodes: [Node] = [], inputs: [TensorID] = [],
    outputs: [TensorID] = []
  ) {
    self.name = name
    self.tensors = tensors
    self.nodes = nodes
    self.inputs = inputs
    self.outputs = outputs
  }

  public subscript(id: TensorID) -> GraphTensor {
    get { tensors[id.index] }
    set { tensors[id.index] = newValue }
  }

  /// Adds a tensor and answers its index.
  public mutating func add(_ tensor: GraphTensor) -> TensorID {
    tensors.append(tensor)
    return TensorID(tensors.count - 1)
  }
}

/// A tensor of a graph.
public struct GraphTensor: Sendable {
  public var name: String
  /// Element type, shape and quantisation. Where the model leaves a dimension open it is 1 here; see ``shapeSignature``.
  public var type: TensorType
  /// The dimensions with -1 for those that the model leaves open; nil when all are fixed. Source: `shape_signature`.
  public var shapeSignature: [Int]?
  /// The value of a constant tensor, as it is stored in the model (sparse when ``sparsity`` is set).
  public var constant: Constant?
  /// What a graph input holds until the caller writes it; nil for zeros.
  public var initialValue: Constant?
  /// Whether the tensor keeps its value from one invocation to the next. It starts as zeros (`int8` as its zero point). Source:
  /// `is_variable`.
  public var isVariable: Bool
  /// Whether the shape itself has open dimensions where a shape signature should say so. A model with such a tensor can be inspected, not run.
  public var isUnsized = false
  /// How a sparse constant is stored; nil for dense tensors.
  public var sparsity: Sparsity?

  public init(
    name: String = "", type: TensorType, shapeSignature: [Int]? = nil, constant: Constant? = nil,
    isVariable: Bool = false,
    sparsity: Sparsity? = nil
  ) {
    self.name = name
    self.type = type
    self.shapeSignature = shapeSignature
    self.constant = constant
    self.isVariable = isVariable
    self.sparsity = sparsity
  }
}

/// How the values of a sparse constant are laid out. Source: the schema's `SparsityParameters`.
public struct Sparsity: Sendable, Hashable {
  public enum Dimension: Sendable, Hashable {
    case dense(size: Int)
    case sparse(segments: [Int], indices: [Int])
  }
  public var traversalOrder: [Int]
  public var blockMap: [Int]
  public var dimensions: [Dimension]

  public init(traversalOrder: [Int], blockMap: [Int], dimensions: [Dimension]) {
    self.traversalOrder = traversalOrder
    self.blockMap = blockMap
    self.dimensions = dimensions
  }
}

/// One operator of a graph with its operands.
public struct Node: Sendable {
  /// Where in the model file an operator stands.
  public struct Origin: Sendable, Hashable {
    public var subgraph: Int
    public var index: Int
    public init(subgraph: Int, index: Int) {
      self.subgraph = subgraph
      self.index = index
    }
  }

  public var identity: OperatorDefinition.Identity
  public var version: Int
  public var options: OperatorOptions
  /// nil for an optional input that is left out.
  public var inputs: [TensorID?]
  public var outputs: [TensorID]
  /// Tensors that carry parameters of the operator's inner computation (LSTM). Source: `intermediates`.
  public var intermediates: [TensorID]
  public var origin: Origin
  /// For each subgraph that defines what the operator computes the operators in it, in execution order (`STABLEHLO_SCATTER`,
  /// `STABLEHLO_REDUCE_WINDOW`).
  public var bodies: [[OperatorDefinition.Identity]] = []
  /// The operator with its options parsed, or why there is none.
  public var implementation: Result<any Operator, OperatorError>

  public init(
    identity: OperatorDefinition.Identity, version: Int = 1, options: OperatorOptions = .defaults, inputs: [TensorID?],
    outputs: [TensorID], intermediates: [TensorID] = [], origin: Origin,
    implementation: Result<any Operator, OperatorError>
  ) {
    self.identity = identity
    self.version = version
    self.options = options
    self.inputs = inputs
    self.outputs = outputs
    self.intermediates = intermediates
    self.origin = origin
    self.implementation = implementation
  }

  /// The schema's spelling of the operator, such as `CONV_2D`, or the custom code.
  public var name: String {
    switch identity {
    case .builtin(let builtin): builtin.name
    case .custom(let name): name
    }
  }
}
