/// The operators that a model may use: the builtin ones, and custom ones that were added.
public struct OperatorTable: Sendable {
  /// The one list of operators. Sorted by name; one line each.
  static let builtinOperators: [any Operator.Type] = [
    Abs.self,
    Add.self,
    ArgMax.self,
    ArgMin.self,
    AveragePool2D.self,
    BatchMatMul.self,
    BatchToSpaceNd.self,
    BroadcastArgs.self,
    BroadcastTo.self,
    Cast.self,
    Ceil.self,
    Concatenation.self,
    Conv2D.self,
    Cos.self,
    Cumsum.self,
    DepthToSpace.self,
    DepthwiseConv2D.self,
    Dequantize.self,
    Div.self,
    DynamicUpdateSlice.self,
    Elu.self,
    EmbeddingLookup.self,
    Equal.self,
    Exp.self,
    ExpandDims.self,
    Fill.self,
    Floor.self,
    FloorDiv.self,
    FloorMod.self,
    FullyConnected.self,
    Gather.self,
    GatherNd.self,
    Gelu.self,
    Greater.self,
    GreaterEqual.self,
    HardSwish.self,
    L2Normalization.self,
    L2Pool2D.self,
    LeakyRelu.self,
    Less.self,
    LessEqual.self,
    Log.self,
    LogSoftmax.self,
    LogicalAnd.self,
    LogicalNot.self,
    LogicalOr.self,
    Logistic.self,
    MaxPool2D.self,
    Maximum.self,
    Mean.self,
    Minimum.self,
    MirrorPad.self,
    Mul.self,
    Neg.self,
    NotEqual.self,
    OneHot.self,
    Pack.self,
    Pad.self,
    PadV2.self,
    Pow.self,
    Prelu.self,
    Quantize.self,
    RangeOp.self,
    Rank.self,
    ReduceAll.self,
    ReduceAny.self,
    ReduceMax.self,
    ReduceMin.self,
    ReduceProd.self,
    Relu.self,
    Relu0To1.self,
    Relu6.self,
    ReluN1To1.self,
    Reshape.self,
    ResizeBilinear.self,
    ResizeNearestNeighbor.self,
    ReverseV2.self,
    Round.self,
    Rsqrt.self,
    ScatterNd.self,
    Select.self,
    SelectV2.self,
    ShapeOf.self,
    Sin.self,
    Slice.self,
    Softmax.self,
    SpaceToBatchNd.self,
    SpaceToDepth.self,
    Split.self,
    SplitV.self,
    Sqrt.self,
    Square.self,
    SquaredDifference.self,
    Squeeze.self,
    StridedSlice.self,
    Sub.self,
    Sum.self,
    Tanh.self,
    Tile.self,
    TopKV2.self,
    Transpose.self,
    TransposeConv.self,
    Unpack.self,
    Where.self,
    ZerosLike.self,
  ]

  private var registrations: [OperatorDefinition.Identity: OperatorRegistration] = [:]

  /// All builtin operators.
  public static let builtin: OperatorTable = {
    var table = OperatorTable()
    for type in builtinOperators { table.add(type) }
    return table
  }()

  /// How an operator is made; nil when the table has none of this identity.
  public func registration(of identity: OperatorDefinition.Identity) -> OperatorRegistration? {
    registrations[identity]
  }

  /// Adds an operator, in place of one with the same identity.
  public mutating func add(_ registration: OperatorRegistration) {
    registrations[registration.definition.identity] = registration
  }

  /// Adds an operator, in place of one with the same identity.
  public mutating func add(_ type: any Operator.Type) { add(OperatorRegistration(type)) }

  /// This table with another operator added, in place of one with the same identity.
  public func adding(_ type: any Operator.Type) -> OperatorTable {
    var table = self
    table.add(type)
    return table
  }

  /// All definitions, sorted by name.
  public var definitions: [OperatorDefinition] {
    registrations.values.map { $0.definition }.sorted { $0.name < $1.name }
  }

  private static let builtinTypes = Set(builtinOperators.map { ObjectIdentifier($0) })

  /// Whether a type is this library's own, not one that was put in its place.
  package static func isBuiltin(_ type: any Operator.Type) -> Bool { builtinTypes.contains(ObjectIdentifier(type)) }
}
