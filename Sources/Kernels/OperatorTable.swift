internal import TensorTypes

/// The operators that a model may use: the builtin ones, and custom ones that were added.
public struct OperatorTable: Sendable {
  /// The one list of operators. Sorted by name; one line each.
  static let builtinOperators: [any Operator.Type] = [
    Abs.self,
    Add.self,
    AddN.self,
    ArgMax.self,
    ArgMin.self,
    AssignVariable.self,
    Atan2.self,
    AudioSpectrogram.self,
    AveragePool2D.self,
    BatchMatMul.self,
    BatchToSpaceNd.self,
    BidirectionalSequenceLSTM.self,
    BidirectionalSequenceRNN.self,
    Bitcast.self,
    BitwiseXor.self,
    BroadcastArgs.self,
    BroadcastTo.self,
    Bucketize.self,
    CallOnce.self,
    Cast.self,
    Ceil.self,
    ComplexAbs.self,
    Concatenation.self,
    Conv2D.self,
    Conv3D.self,
    Conv3DTranspose.self,
    Convolution2DTransposeBias.self,
    Cos.self,
    Cumsum.self,
    Densify.self,
    DepthToSpace.self,
    DepthwiseConv2D.self,
    Dequantize.self,
    DetectionPostProcess.self,
    Dilate.self,
    Div.self,
    DynamicUpdateSlice.self,
    Elu.self,
    EmbeddingLookup.self,
    EmbeddingLookupSparse.self,
    Equal.self,
    Exp.self,
    ExpandDims.self,
    FakeQuant.self,
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
    HadamardRotation.self,
    HardSwish.self,
    Hashtable.self,
    HashtableFind.self,
    HashtableImport.self,
    HashtableLookup.self,
    HashtableSize.self,
    If.self,
    Imag.self,
    L2Normalization.self,
    L2Pool2D.self,
    LSTM.self,
    LeakyRelu.self,
    Less.self,
    LessEqual.self,
    LocalResponseNormalization.self,
    Log.self,
    LogSoftmax.self,
    LogicalAnd.self,
    LogicalNot.self,
    LogicalOr.self,
    Logistic.self,
    LshProjection.self,
    MatrixDiag.self,
    MatrixSetDiag.self,
    MaxPool2D.self,
    MaxPoolingWithArgmax2D.self,
    MaxUnpooling2D.self,
    Maximum.self,
    Mean.self,
    Mfcc.self,
    Minimum.self,
    MirrorPad.self,
    Mul.self,
    Multinomial.self,
    Neg.self,
    NonMaxSuppressionV4.self,
    NonMaxSuppressionV5.self,
    NotEqual.self,
    NumericVerify.self,
    OneHot.self,
    Pack.self,
    Pad.self,
    PadV2.self,
    Pow.self,
    Prelu.self,
    Quantize.self,
    RNN.self,
    RandomStandardNormal.self,
    RandomUniform.self,
    RangeOp.self,
    Rank.self,
    ReadVariable.self,
    Real.self,
    ReduceAll.self,
    ReduceAny.self,
    ReduceMax.self,
    ReduceMin.self,
    ReduceProd.self,
    ReduceWindow.self,
    Relu.self,
    Relu0To1.self,
    Relu6.self,
    ReluN1To1.self,
    Reshape.self,
    ResizeBilinear.self,
    ResizeNearestNeighbor.self,
    ReverseSequence.self,
    ReverseV2.self,
    Rfft2D.self,
    RightShift.self,
    Round.self,
    Rsqrt.self,
    SVDF.self,
    ScaledDotProductAttention.self,
    ScatterNd.self,
    SegmentSum.self,
    Select.self,
    SelectV2.self,
    ShapeOf.self,
    Sign.self,
    Sin.self,
    SkipGram.self,
    Slice.self,
    Softmax.self,
    SpaceToBatchNd.self,
    SpaceToDepth.self,
    SparseToDense.self,
    Split.self,
    SplitV.self,
    Sqrt.self,
    Square.self,
    SquaredDifference.self,
    Squeeze.self,
    StablehloAdd.self,
    StablehloAnd.self,
    StablehloCase.self,
    StablehloGather.self,
    StablehloMaximum.self,
    StablehloMinimum.self,
    StablehloMultiply.self,
    StablehloPad.self,
    StablehloReduceWindow.self,
    StablehloRngBitGenerator.self,
    StablehloScatter.self,
    StablehloShiftLeft.self,
    StridedSlice.self,
    Sub.self,
    Sum.self,
    Tanh.self,
    Tile.self,
    TopKV2.self,
    Transpose.self,
    TransposeConv.self,
    UnidirectionalSequenceLSTM.self,
    UnidirectionalSequenceRNN.self,
    Unique.self,
    Unpack.self,
    UnsortedSegmentMax.self,
    UnsortedSegmentMin.self,
    UnsortedSegmentProd.self,
    UnsortedSegmentSum.self,
    VarHandle.self,
    Where.self,
    While.self,
    ZerosLike.self,
  ]

  /// By the number of the builtin operator. The runtime looks long for how a key of another type is hashed, the first time.
  private var registrations: [Int: OperatorRegistration] = [:]
  private var customRegistrations: [String: OperatorRegistration] = [:]

  /// All builtin operators.
  public static let builtin: OperatorTable = {
    var table = OperatorTable()
    table.registrations.reserveCapacity(builtinOperators.count)
    for type in builtinOperators { table.add(type) }
    return table
  }()

  /// How an operator is made; nil when the table has none of this identity.
  public func registration(of identity: OperatorDefinition.Identity) -> OperatorRegistration? {
    switch identity {
    case .builtin(let builtin): registrations[Int(builtin.rawValue)]
    case .custom(let name): customRegistrations[name]
    }
  }

  /// Adds an operator, in place of one with the same identity.
  public mutating func add(_ registration: OperatorRegistration) {
    switch registration.definition.identity {
    case .builtin(let builtin): registrations[Int(builtin.rawValue)] = registration
    case .custom(let name): customRegistrations[name] = registration
    }
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
    [registrations.values.map { $0.definition }, customRegistrations.values.map { $0.definition }].joined()
      .sorted { $0.name < $1.name }
  }

  private static let builtinTypes = Set(builtinOperators.map { ObjectIdentifier($0) })

  /// Whether a type is this library's own, not one that was put in its place.
  package static func isBuiltin(_ type: any Operator.Type) -> Bool { builtinTypes.contains(ObjectIdentifier(type)) }
}
