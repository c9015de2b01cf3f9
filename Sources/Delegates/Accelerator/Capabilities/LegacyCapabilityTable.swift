internal import TensorTypes

/// What TFLite's old Hexagon delegate takes: operators on 8-bit integers of at most four dimensions.
enum LegacyCapabilityTable {
  /// Up to four dimensions in every operand.
  private static let byte: [RankedTypes] = [.upTo(4, [.i8q, .u8q, .i8, .u8])]
  private static let bytes: Datatypes = [.i8q, .u8q, .i8, .u8]
  private static let bias: Datatypes = [.i32, .i32q]

  private static func row(_ builtin: BuiltinOperator, versions: ClosedRange<Int> = 1...2, _ checks: [Check])
    -> OperatorRule
  {
    OperatorRule(builtin, "Hexagon NN \(builtin.name)", byte, [.versions(versions), .operandRanks(1...4)] + checks)
  }

  /// One of the activations that clamp, or none.
  private static func clamp(slot: Int) -> Check { .activation(slot: slot, allowed: [0, 1, 2, 3]) }

  private static let unary: [Check] = [.inputs(1...1)]
  private static let binary: [Check] = [.inputs(2...2), .input(1, bytes)]

  static let rows: [OperatorRule] =
    [
      row(.add, binary + [clamp(slot: 0)]),
      row(.sub, binary + [clamp(slot: 0)]),
      row(.mul, binary + [clamp(slot: 0)]),
      row(.minimum, binary),
      row(.maximum, binary),
      row(.squaredDifference, versions: 2...2, [.inputs(2...2), .input(0, [.i8q, .i8]), .input(1, [.i8q, .i8])]),
      row(.rsqrt, versions: 2...2, [.inputs(1...1), .input(0, [.i8q, .i8])]),
      row(.hardSwish, versions: 1...1, unary),
      row(.relu, versions: 2...2, unary),
      row(.relu6, unary),
      row(.tanh, unary),
      row(.logistic, unary),
      row(.neg, versions: 1...1, unary),
      row(.softmax, unary),
      row(.quantize, unary),
      row(.l2Normalization, unary + [.activation(slot: 0, allowed: [0])]),
    ] + products + movement

  private static let products: [OperatorRule] = [
    row(
      .conv2D, versions: 1...3,
      [
        .inputs(2...3), .input(1, bytes), .optionalInput(2, bias), clamp(slot: 3),
        .integer(slot: 1, range: 1...3, default: 0, name: "horizontal stride"),
        .integer(slot: 2, range: 1...3, default: 0, name: "vertical stride"),
        .integer(slot: 4, range: 1...1, default: 1, name: "horizontal dilation"),
        .integer(slot: 5, range: 1...1, default: 1, name: "vertical dilation"),
      ]),
    row(
      .depthwiseConv2D, versions: 1...3,
      [
        .inputs(2...3), .input(1, bytes), .optionalInput(2, bias), clamp(slot: 4),
        .integer(slot: 1, range: 1...3, default: 0, name: "horizontal stride"),
        .integer(slot: 2, range: 1...3, default: 0, name: "vertical stride"), .shape(.legacyDepthwiseConvolution),
      ]),
    row(
      .transposeConv, versions: 1...3,
      [
        .inputs(3...4), .input(0, [.i32]), .input(1, bytes), .input(2, bytes), .optionalInput(3, bias),
        .integer(slot: 1, range: 1...3, default: 0, name: "horizontal stride"),
        .integer(slot: 2, range: 1...3, default: 0, name: "vertical stride"),
      ]
    ).with(data: [.upTo(4, .anything)]),
    row(
      .fullyConnected, versions: 1...4,
      [
        .inputs(2...3), .input(1, bytes), .optionalInput(2, bias), .perTensor, clamp(slot: 0),
        .activation(slot: 1, allowed: [0]), .flagsNotBoth(slots: [2], name: "keep_num_dims"),
        .shape(.legacyFullyConnected),
      ]),
    row(.averagePool2D, unary + [.activation(slot: 5, allowed: [0])]),
    row(.maxPool2D, unary + [.activation(slot: 5, allowed: [0]), .shape(.legacyMaximumPooling)]),
    row(.mean, [.inputs(2...2), .constant(1, [.i32])]),
    row(.argMax, [.inputs(2...2), .input(1, [.i32])]),
    row(.argMin, [.inputs(2...2), .input(1, [.i32])]),
  ]

  private static let movement: [OperatorRule] = [
    row(.concatenation, [.inputs(1...4096), .allInputs(bytes)]),
    row(.pack, [.inputs(1...4096), .allInputs(bytes)]),
    row(.reshape, versions: 1...1, [.inputs(1...2)]),
    row(.transpose, [.inputs(2...2), .input(1, [.i32])]),
    row(.split, [.inputs(2...2), .constant(0, [.i32]), .input(1, bytes)]).with(data: [.upTo(4, [.i32])]),
    row(.slice, [.inputs(3...3), .constant(1, [.i32, .i64]), .constant(2, [.i32, .i64])]),
    row(
      .stridedSlice,
      [
        .inputs(4...4), .constant(1, [.i32]), .constant(2, [.i32]), .constant(3, [.i32]),
        .option(slot: 2, equals: 0, name: "ellipsis mask"), .option(slot: 3, equals: 0, name: "new-axis mask"),
      ]),
    row(.pad, [.inputs(2...2), .constant(1, [.i32])]),
    row(.mirrorPad, [.inputs(2...2), .constant(1, [.i32])]),
    row(.spaceToDepth, unary),
    row(.depthToSpace, unary),
    row(.resizeBilinear, versions: 1...3, [.inputs(2...2), .constant(1, [.i32]), .shape(.legacyResizing)]),
    row(.resizeNearestNeighbor, versions: 1...3, [.inputs(2...2), .constant(1, [.i32])]),
  ]

  private static let byOperator: [BuiltinOperator: OperatorRule] = Dictionary(
    rows.map { ($0.builtin, $0) }, uniquingKeysWith: { first, _ in first })

  static func row(_ builtin: BuiltinOperator) -> OperatorRule? { byOperator[builtin] }
}
