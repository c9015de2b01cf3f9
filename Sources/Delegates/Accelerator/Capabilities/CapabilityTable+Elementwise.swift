internal import TensorTypes

/// Operators on each element alone, or on pairs of elements.
extension CapabilityTable {
  /// One input, one output of the same datatype and shape.
  private static let elementwise: [Check] = [.inputs(1...1), .outputLike(0), .shape(.same)]

  static let unaryRows: [OperatorRule] = [
    OperatorRule(.abs, "ElementWiseUnary Abs", [.upTo(5, [.float, .i32, .u16q, .byte])], elementwise),
    OperatorRule(.ceil, "ElementWiseUnary Ceil", [.upTo(4, [.float, .u16q, .u8q])], elementwise),
    OperatorRule(.cos, "ElementWiseUnary Cos", [.upTo(4, [.float, .u16q, .u8q])], elementwise),
    OperatorRule(.exp, "ElementWiseUnary Exp", [.upTo(5, [.float, .u16q, .u8q])], elementwise),
    OperatorRule(.floor, "ElementWiseUnary Floor", [.upTo(4, [.float, .u16q, .u8q])], elementwise),
    OperatorRule(.log, "ElementWiseUnary Log", [.upTo(4, [.float, .u16q, .byte])], elementwise),
    OperatorRule(.logicalNot, "ElementWiseUnary Not", [.upTo(4, [.bool, .u8q])], elementwise),
    OperatorRule(.neg, "ElementWiseUnary Neg", [.upTo(4, [.float, .u16q, .u8q])], elementwise),
    OperatorRule(.round, "ElementWiseUnary Round", [.upTo(4, [.float, .u16q, .u8q])], elementwise),
    OperatorRule(
      .rsqrt, "ElementWiseUnary Rsqrt", [.upTo(5, [.float, .u16q, .byte]), .upTo(4, [.i16q])], elementwise),
    OperatorRule(.sign, "ElementWiseUnary Sign", [.upTo(4, [.float, .u16q, .u8q])], elementwise),
    OperatorRule(.sin, "ElementWiseUnary Sin", [.upTo(4, [.float, .u16q, .u8q])], elementwise),
    OperatorRule(
      .sqrt, "ElementWiseUnary SquareRoot", [.upTo(5, .float), .upTo(4, [.i16q, .u16q, .byte])], elementwise),
    OperatorRule(
      .square, "ElementWiseBinary Multiply", [.upTo(5, [.float, .i16q, .u16q, .byte, .i32, .u32])], elementwise),
  ]

  static let activationRows: [OperatorRule] = [
    OperatorRule(.elu, "ElementWiseNeuron Elu", [.upTo(4, [.float, .i16q, .u16q, .byte])], elementwise),
    OperatorRule(
      .gelu, "ElementWiseNeuron Gelu", [.upTo(5, .float), .upTo(4, [.i16q, .u16q, .byte])], elementwise),
    OperatorRule(.hardSwish, "ElementWiseNeuron HardSwish", [.upTo(4, [.float, .u16q, .byte])], elementwise),
    OperatorRule(
      .leakyRelu, "Prelu", [.upTo(5, [.f32, .i16q, .u16q, .i8q, .u8q])], elementwise + [.perTensor],
      needsOptions: true),
    OperatorRule(.logistic, "ElementWiseNeuron Sigmoid", [.upTo(5, [.float, .i16q, .u16q, .byte])], elementwise),
    OperatorRule(.logSoftmax, "LogSoftmax", [.upTo(4, [.float, .u16q, .u8q])], elementwise),
    OperatorRule(.relu, "ElementWiseNeuron Relu", [.upTo(5, [.float, .i16q, .u16q, .byte])], elementwise),
    OperatorRule(.relu6, "ElementWiseNeuron ReluMinMax", [.upTo(5, [.float, .i32, .u16q, .byte])], elementwise),
    OperatorRule(.relu0To1, "ElementWiseNeuron ReluMinMax", [.upTo(5, [.float, .i32, .u16q, .byte])], elementwise),
    OperatorRule(.reluN1To1, "ElementWiseNeuron ReluMinMax", [.upTo(5, [.float, .i32, .u16q, .byte])], elementwise),
    OperatorRule(
      .softmax, "Softmax", [.upTo(5, [.float, .i16q, .u16q, .byte])],
      [
        .inputs(1...1), .shape(.same),
        .conversion([
          DatatypePair([.f16], [.f16]), DatatypePair([.f32], [.f32]), DatatypePair([.u8q], [.u8q, .f32]),
          DatatypePair([.i8q], [.i8q, .f32]), DatatypePair([.u16q], [.u16q, .f32]),
          DatatypePair([.i16q], [.i16q, .f32]),
        ]),
      ], needsOptions: true),
    OperatorRule(.tanh, "ElementWiseNeuron Tanh", [.upTo(4, [.float, .i16q, .u16q, .byte])], elementwise),
    OperatorRule(
      .prelu, "Prelu", [.upTo(5, [.float, .i16q, .u16q, .byte])],
      [
        .inputs(2...2), .outputLike(0), .shape(.same), .shape(.slope),
        .secondInput([
          DatatypePair([.f16], [.f16]), DatatypePair([.f32], [.f32]), DatatypePair([.u8q], [.u8q]),
          DatatypePair([.i8q], [.i8q]), DatatypePair([.u16q], [.u8q, .u16q]), DatatypePair([.i16q], [.i16q]),
        ]),
      ]),
  ]

  /// Two inputs of the same datatype, broadcast; an output of that datatype.
  private static let binary: [Check] = [.inputs(2...2), .sameInputs, .outputLike(0), .shape(.broadcast)]
  private static let fused: [Check] = binary + [.fusedActivation(slot: 0)]

  static let binaryRows: [OperatorRule] = [
    OperatorRule(
      .add, "ElementWiseBinary Add", [.upTo(5, [.float, .i16q, .u16q, .byte, .i32])], fused, needsOptions: true),
    OperatorRule(
      .addN, "ElementWiseBinary Add", [.upTo(5, [.float, .i32])],
      [.inputs(2...1024), .sameInputs, .outputLike(0), .shape(.broadcast)]),
    OperatorRule(
      .div, "ElementWiseBinary Divide", [.upTo(5, [.float, .i16q, .u16q, .byte, .i32])], fused, needsOptions: true),
    OperatorRule(.floorDiv, "ElementWiseBinary FloorDiv", [.upTo(4, [.float, .i16q, .u16q, .byte])], binary),
    OperatorRule(.floorMod, "ElementWiseBinary Mod", [.upTo(5, [.i32])], binary),
    OperatorRule(.logicalAnd, "ElementWiseBinary And", [.upTo(4, [.bool, .u8q])], binary),
    OperatorRule(.logicalOr, "ElementWiseBinary Or", [.upTo(4, [.bool, .byte])], binary),
    OperatorRule(
      .maximum, "ElementWiseBinary Maximum", [.upTo(5, [.i16q, .u16q, .byte, .i32, .u32]), .upTo(4, .float)], binary),
    OperatorRule(
      .minimum, "ElementWiseBinary Minimum", [.upTo(5, [.u16q, .byte, .i32, .u32]), .upTo(4, .float)], binary),
    OperatorRule(
      .mul, "ElementWiseBinary Multiply", [.upTo(5, [.float, .i16q, .u16q, .byte, .i32, .u32])], fused,
      needsOptions: true),
    OperatorRule(.pow, "ElementWiseBinary Power", [.upTo(5, [.float, .u16q, .u8q])], binary),
    OperatorRule(
      .squaredDifference, "ElementWiseBinary SquaredDifference",
      [.upTo(5, [.i16q, .u16q, .byte]), .upTo(4, .float)], binary),
    OperatorRule(
      .sub, "ElementWiseSubtract", [.upTo(5, [.float, .i16q, .u16q, .byte, .i32])], fused, needsOptions: true),
  ]

  private static let comparison: [Check] = [.inputs(2...2), .sameInputs, .output([.bool]), .shape(.broadcast)]
  private static let compared: Datatypes = [.float, .i16q, .u16q, .byte, .i32]
  private static let selection: [Check] = [
    .inputs(3...3), .input(0, [.bool]), .operandRanks(1...5), .shape(.selection),
  ]

  static let comparisonRows: [OperatorRule] = [
    OperatorRule(
      .equal, "ElementWiseBinary Equal", [.upTo(5, [.f16, .i16q, .u16q, .byte, .i32]), .upTo(4, [.f32])], comparison),
    OperatorRule(.greater, "ElementWiseBinary Greater", [.upTo(5, compared)], comparison),
    OperatorRule(.greaterEqual, "ElementWiseBinary GreaterEqual", [.upTo(5, compared)], comparison),
    OperatorRule(.less, "ElementWiseBinary Less", [.upTo(5, compared)], comparison),
    OperatorRule(.lessEqual, "ElementWiseBinary LessEqual", [.upTo(5, compared)], comparison),
    OperatorRule(.notEqual, "ElementWiseBinary NotEqual", [.upTo(5, compared)], comparison),
    OperatorRule(
      .select, "ElementWiseSelect", [.upTo(5, [.bool])],
      selection + [.input(1, compared), .input(2, compared), .outputLike(1), .sameBranches]),
    OperatorRule(
      .selectV2, "ElementWiseSelect", [.upTo(5, [.bool])],
      selection + [.input(1, compared), .input(2, compared), .outputLike(1), .sameBranches]),
  ]
}
