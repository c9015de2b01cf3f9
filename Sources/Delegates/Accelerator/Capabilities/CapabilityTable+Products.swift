internal import TensorTypes

/// Convolutions, matrix products, pooling and reductions.
extension CapabilityTable {
  static let productRows: [OperatorRule] = [
    OperatorRule(
      .conv2D, "Conv2d", [.only(4, [.float, .i8q, .u8q, .i16q, .u16q])],
      [.rank(1, 4...4), .outputLike(0), .weights(.convolution2D), .shape(.convolution2D), .fusedActivation(slot: 3)],
      needsOptions: true),
    OperatorRule(
      .depthwiseConv2D, "DepthWiseConv2d", [.only(4, [.float, .i8q, .u8q, .u16q])],
      [
        .rank(1, 4...4), .outputLike(0), .weights(.depthwiseConvolution2D), .shape(.depthwiseConvolution2D),
        .fusedActivation(slot: 4),
      ],
      needsOptions: true),
    OperatorRule(
      .conv3D, "Conv3d", [.only(5, [.float, .i8q, .u8q, .u16q])],
      [.rank(1, 5...5), .outputLike(0), .weights(.convolution3D), .shape(.convolution3D), .fusedActivation(slot: 4)],
      needsOptions: true),
    OperatorRule(
      .transposeConv, "TransposeConv2d", [.upTo(5, [.anything])],
      [
        .outputLike(2), .rank(1, 4...4), .rank(2, 4...4), .weights(.transposedConvolution2D),
        .shape(.transposedConvolution2D), .fusedActivation(slot: 3),
      ],
      needsOptions: true),
    OperatorRule(
      .fullyConnected, "FullyConnected", [.upTo(4, [.float, .i8q, .u8q, .i16q, .u16q])],
      [
        .rank(1, 2...2), .outputLike(0), .weights(.fullyConnected), .shape(.fullyConnected),
        .fusedActivation(slot: 0),
      ],
      needsOptions: true),
    OperatorRule(
      .batchMatmul, "MatMul", [RankedTypes([.float, .i8q, .u8q, .i16q, .u16q], 2...5)],
      [
        .inputs(2...2), .rank(1, 2...5), .outputLike(0), .shape(.matrixProduct),
        .secondInput([
          DatatypePair([.f32], [.f32]), DatatypePair([.f16], [.f16]), DatatypePair([.i8q, .u8q], [.i8q, .u8q]),
          DatatypePair([.i16q], [.i8q, .i4q]), DatatypePair([.i16q], [.i16q], from: .v73),
          DatatypePair([.u16q], [.i8q, .u8q]), DatatypePair([.u16q], [.i16q, .u16q], from: .v73),
        ]),
      ], needsOptions: true),
  ]

  static let poolingRows: [OperatorRule] = [
    OperatorRule(
      .averagePool2D, "PoolAvg2d", [.only(4, [.float, .u16q, .byte])],
      [.inputs(1...1), .outputLike(0), .shape(.pooling), .fusedActivation(slot: 5)], needsOptions: true),
    OperatorRule(
      .maxPool2D, "PoolMax2d", [.only(4, [.float, .i16q, .u16q, .byte])],
      [.inputs(1...1), .outputLike(0), .shape(.pooling), .fusedActivation(slot: 5)], needsOptions: true),
    // There is a lowering, which no accelerator accepts.
    OperatorRule(.l2Pool2D, "L2Pool2d", [], needsOptions: true),
    OperatorRule(
      .l2Normalization, "L2Norm", [.upTo(4, [.float, .i16q, .u16q, .byte])],
      [.inputs(1...1), .outputLike(0), .shape(.same), .fusedActivation(slot: 0)]),
  ]

  /// Axes are a constant list; a scalar counts as a list of one.
  private static let reduction: [Check] = [
    .inputs(2...2), .constant(1, [.i32]), .rank(1, 1...1), .outputLike(0), .shape(.reduction),
  ]

  static let reductionRows: [OperatorRule] = [
    OperatorRule(.mean, "ReduceMean", [.upTo(5, [.float, .i16q, .u16q, .byte])], reduction, needsOptions: true),
    OperatorRule(.sum, "ReduceSum", [.upTo(5, [.float, .i16q, .u16q, .byte, .i32])], reduction, needsOptions: true),
    OperatorRule(
      .reduceMax, "ReduceMax", [.upTo(5, [.float, .i16q, .u16q, .byte]), .upTo(4, [.i32])],
      reduction + [.shape(.maximum)], needsOptions: true),
    OperatorRule(
      .reduceMin, "ReduceMin", [.upTo(5, [.float, .u16q, .byte, .i32])], reduction, needsOptions: true),
    OperatorRule(
      .reduceAll, "Cast, ReduceMin, Cast", [.upTo(5, [.bool, .f32, .i32, .u32, .u8, .byte])], [.inputs(2...2)],
      needsOptions: true, floatAnywhere: [.f32]),
    OperatorRule(
      .reduceAny, "Cast, ReduceMax, Cast", [.upTo(5, [.bool, .f32, .i32, .u32, .u8, .byte])], [.inputs(2...2)],
      needsOptions: true, floatAnywhere: [.f32]),
    OperatorRule(
      .cumsum, "CumulativeSum", [.upTo(4, [.float, .u8q, .u16q, .i32])],
      [.inputs(2...2), .constant(1, [.i32]), .outputLike(0), .shape(.same)], needsOptions: true),
    OperatorRule(
      .argMax, "Argmax", [.upTo(4, [.float, .byte, .u16q, .i32, .u32])],
      [.inputs(2...2), .constant(1, [.i32, .i64]), .output([.i32])]),
    OperatorRule(
      .argMin, "Argmin", [.upTo(4, [.float, .byte, .u16q])],
      [.inputs(2...2), .constant(1, [.i32, .i64]), .output([.i32])]),
    OperatorRule(
      .topkV2, "TopK", [.upTo(4, [.float, .byte, .u16q, .i32])],
      [.inputs(2...2), .constantScalar(1, [.i32, .u32]), .shape(.topK)]),
  ]
}
