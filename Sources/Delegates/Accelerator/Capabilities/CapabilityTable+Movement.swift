internal import TensorTypes

/// Operators that move elements, pick them out, or change their type.
extension CapabilityTable {
  static let movementRows: [OperatorRule] = [
    OperatorRule(
      .concatenation, "Concat", [.upTo(5, [.bool, .float, .i16q, .u16q, .byte, .i32, .u32])],
      [.inputs(1...4096), .storedAlike, .shape(.concatenation), .fusedActivation(slot: 1)], needsOptions: true),
    OperatorRule(
      .reshape, "Reshape", [.upTo(5, [.bool, .float, .i16q, .u16q, .byte, .i32, .u32, .u8])],
      [.outputLike(0), .outputRank(1...5), .shape(.elementCount)], floatAnywhere: [.f32]),
    OperatorRule(
      .squeeze, "Squeeze", [.upTo(5, [.float, .u16q, .byte, .u8])],
      [.inputs(1...1), .outputLike(0), .outputRank(1...5), .shape(.elementCount)]),
    OperatorRule(
      .transpose, "Transpose", [.upTo(5, [.bool, .float, .u16q, .byte]), .upTo(4, [.i16q, .i32, .u32])],
      [.inputs(2...2), .constant(1, [.i32]), .outputLike(0), .shape(.transposition)], floatAnywhere: [.f32]),
    OperatorRule(
      .pack, "Pack, Reshape or Concat", [.upTo(5, .anything)],
      [
        .inputs(1...4096), .sameInputs, .outputLike(0), .outputRank(1...5),
        .packing([.upTo(4, [.float, .u16q, .byte])], one: .reshape, scalars: .concatenation),
      ], needsOptions: true),
    OperatorRule(
      .unpack, "UnPack", [.upTo(5, [.float, .i16q, .u16q, .byte])],
      [.inputs(1...1), .outputLike(0), .shape(.unpacking)], needsOptions: true),
    OperatorRule(
      .split, "Split", [.upTo(5, [.bool, .float, .i16q, .u16q, .byte, .i32, .i32q])],
      [.inputs(2...2), .constant(0, [.i32]), .shape(.split(data: 1))], needsOptions: true),
    OperatorRule(
      .splitV, "Split", [.upTo(5, [.bool, .float, .i16q, .u16q, .byte, .i32, .i32q])],
      [
        .inputs(3...3), .constant(1, [.i32, .i64]), .constant(2, [.i32, .i64]), .outputLike(0), .shape(.split(data: 0)),
      ]),
    OperatorRule(
      .tile, "Tile", [.upTo(5, [.float, .u16q, .byte]), .upTo(4, [.bool, .i32])],
      [.inputs(2...2), .constant(1, [.i32, .i64]), .outputLike(0), .shape(.tiling)]),
    OperatorRule(
      .broadcastTo, "ElementWiseBinary Add",
      [.upTo(5, [.f32, .i16q, .u16q, .i8q, .u8q, .i32]), .upTo(4, [.bool])],
      [.inputs(2...2), .outputLike(0), .outputRank(1...5), .perTensor, .shape(.broadcastTo)]),
    OperatorRule(
      .pad, "Pad", [.upTo(5, [.float, .i16q, .u16q, .i8q, .u8q])],
      [.inputs(2...2), .constant(1, [.i32, .i64]), .outputLike(0), .perTensor, .shape(.padding)]),
    OperatorRule(
      .padv2, "Pad", [.upTo(5, [.f32, .byte])],
      [.inputs(3...3), .constant(1, [.i32, .i64]), .outputLike(0), .shape(.padding)]),
    OperatorRule(
      .mirrorPad, "Pad", [.upTo(5, [.i16q, .u16q, .i8q, .u8q]), .upTo(4, .float)],
      [.inputs(2...2), .constant(1, [.i32, .i64]), .outputLike(0), .shape(.padding)], needsOptions: true),
    OperatorRule(
      .reverseV2, "StridedSlice", [.upTo(5, [.float, .byte, .i16q, .u16q, .u8, .i32])],
      [.inputs(2...2), .constantScalar(1, [.i32]), .outputLike(0), .shape(.same)]),
    OperatorRule(
      .slice, "StridedSlice", [.upTo(5, [.float, .i16q, .u16q, .byte, .i32, .u8])],
      [.inputs(3...3), .constant(1, [.i32]), .constant(2, [.i32]), .outputLike(0), .shape(.slice)]),
    OperatorRule(
      .stridedSlice, "StridedSlice", [.upTo(5, [.float, .i16q, .u16q, .byte, .i32, .u8])],
      [
        .inputs(4...4), .constant(1, [.i32]), .constant(2, [.i32]), .constant(3, [.i32]),
        .option(slot: 2, equals: 0, name: "ellipsis mask"), .option(slot: 3, equals: 0, name: "new-axis mask"),
        .outputLike(0), .shape(.stridedSlice),
      ], needsOptions: true),
  ]

  private static let looked: Datatypes = [.float, .byte, .i16q, .u16q, .i32, .u32]

  static let indexingRows: [OperatorRule] = [
    OperatorRule(
      .gather, "Gather", [.upTo(5, looked)],
      [
        .inputs(2...2), .input(1, [.i32]), .option(slot: 1, equals: 0, name: "number of batch dimensions"),
        .outputLike(0), .outputRank(1...5), .shape(.gathering),
      ], needsOptions: true),
    OperatorRule(
      .gatherNd, "GatherNd", [.upTo(4, [.float, .byte, .u16q, .i32])],
      [.inputs(2...2), .input(1, [.i32]), .rank(1, 1...4), .outputRank(1...4), .outputLike(0)]),
    OperatorRule(
      .embeddingLookup, "Gather", [.upTo(5, [.i32])],
      [.inputs(2...2), .input(1, looked), .outputLike(1), .outputRank(1...5), .shape(.embedding)]),
    OperatorRule(
      .oneHot, "OneHot", [.upTo(4, [.i32])],
      [
        .inputs(4...4), .constantScalar(1, [.i32, .u32]), .constantScalar(2, [.f32, .i8q, .u8q]),
        .constantScalar(3, [.f32, .i8q, .u8q]), .outputLike(2), .shape(.oneHot),
      ], needsOptions: true, floatAnywhere: [.f32]),
    OperatorRule(
      .scatterNd, "ScatterNd", [.upTo(5, [.i32])],
      [
        .inputs(3...3), .input(1, [.f32, .i8q, .u8q, .i16q, .u16q, .i32, .u32]), .constant(2, [.i32]),
        .outputLike(1),
      ]),
    OperatorRule(
      .dynamicUpdateSlice, "ReduceSum, ElementWiseBinary NotEqual, Reshape, ElementWiseSelect",
      [RankedTypes([.float, .byte, .i16q, .u16q, .i32], 3...5)],
      [.inputs(3...3), .input(2, [.i32]), .sameInput(1), .outputLike(0), .shape(.dynamicUpdateSlice)]),
  ]

  private static let narrow: Datatypes = [.byte, .i16q, .u16q]

  static let conversionRows: [OperatorRule] = [
    OperatorRule(
      .quantize, "Quantize, Convert or Cast", [.upTo(5, [.float, .byte, .i16q, .u16q])],
      [.inputs(1...1), .output(narrow), .shape(.same)], floatAnywhere: .float),
    OperatorRule(
      .dequantize, "Dequantize or Cast", [.upTo(5, [.f16, .byte, .i16q, .u16q])],
      [
        .inputs(1...1), .conversion([DatatypePair(narrow, .float), DatatypePair([.f16], [.f32])]),
        .shape(.same),
      ], floatAnywhere: [.f32]),
    OperatorRule(
      .cast, "Cast", [.upTo(5, .anything)], [.inputs(1...1), .conversion(castPairs), .shape(.same)],
      floatAnywhere: .float),
  ]

  private static let toInteger: Datatypes = [.u8, .u8q, .i8q, .bool, .u32, .i32]
  private static let castPairs: [DatatypePair] = [
    DatatypePair([.f16], [.i32, .f16, .f32], needsFloat: true),
    DatatypePair([.f32], [toInteger, .f32, .u16q]),
    DatatypePair([.f32], [.f16], needsFloat: true),
    DatatypePair([.u8], [toInteger, .f16, .f32]),
    DatatypePair([.u8q, .i8q], [toInteger, .f32]),
    DatatypePair([.u16q], [.u8, .u8q, .i8q, .bool, .u16q]),
    DatatypePair([.i16q], [.u16q]),
    DatatypePair([.i16], [.i32]),
    DatatypePair([.bool], [toInteger, .f16, .f32]),
    DatatypePair([.u32], [toInteger, .u16q, .i64, .f32]),
    DatatypePair([.i32], [toInteger, .u16q, .i64, .f32, .f16]),
    DatatypePair([.i64], [.u32, .i32]),
  ]

  private static let image: [Check] = [.outputLike(0), .outputRank(4...4)]

  static let spatialRows: [OperatorRule] = [
    OperatorRule(
      .resizeBilinear, "ResizeBilinear", [.upTo(4, [.float, .i16q, .u16q, .byte])],
      image + [.flagsNotBoth(slots: [2, 3], name: "align_corners and half_pixel_centers")], needsOptions: true),
    OperatorRule(
      .resizeNearestNeighbor, "ResizeNearestNeighbor", [.upTo(4, [.float, .u16q, .byte])],
      image + [.flagsNotBoth(slots: [0, 1], name: "align_corners and half_pixel_centers")], needsOptions: true),
    OperatorRule(
      .spaceToDepth, "SpaceToDepth", [.only(4, [.float, .u16q, .byte])], image + [.shape(.spaceToDepth)],
      needsOptions: true),
    OperatorRule(
      .depthToSpace, "DepthToSpace", [.only(4, [.float, .u16q, .byte])], image + [.shape(.depthToSpace)],
      needsOptions: true),
    OperatorRule(
      .batchToSpaceNd, "BatchToSpace", [.only(4, [.float, .u16q, .byte])],
      image + [.constant(1, [.i32, .i64]), .constant(2, [.i32, .i64]), .shape(.batchToSpace)]),
    OperatorRule(
      .spaceToBatchNd, "SpaceToBatch", [.only(4, [.float, .u16q, .byte])],
      image + [.constant(1, [.i32, .i64]), .constant(2, [.i32, .i64]), .shape(.spaceToBatch)]),
  ]
}
