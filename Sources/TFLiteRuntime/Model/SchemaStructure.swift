internal import FlatBuffers

/// The structure of all tables of the TFLite schema, for checking a file before it is read.
///
/// Source: the TFLite schema, `schema.fbs`.
enum SchemaStructure {
  /// The tables other than operator options, in the order of ``schema``'s list.
  enum Kind: Int {
    case model, operatorCode, subgraph, tensor, operation, buffer, quantization, customQuantization, blockwise,
      multiAxis
    case sparsity, dimension, int32Vector, uint16Vector, uint8Vector, variantSubtype, metadata, tensorMap, signature
    case externalBufferGroup, externalBuffer
  }

  private static let builtinOptionsUnion = 0
  private static let builtinOptions2Union = 1
  private static let quantizationDetailsUnion = 2
  private static let sparseIndicesUnion = 3

  /// The root table of a model in ``schema``.
  static let root = Kind.model.rawValue

  static let schema: FlatBufferSchema = {
    let fixed: [(Kind, cost: Int, fields: [(String, FlatBufferSchema.Field)])] = [
      (
        .model, 16,
        [
          ("version", .scalar(size: 4)), ("operator_codes", tables(.operatorCode)), ("subgraphs", tables(.subgraph)),
          ("description", .string), ("buffers", tables(.buffer)), ("metadata_buffer", .vector(elementSize: 4)),
          ("metadata", tables(.metadata)), ("signature_defs", tables(.signature)),
          ("external_buffer_groups", tables(.externalBufferGroup)), ("external_buffers", tables(.externalBuffer)),
        ]
      ),
      (
        .operatorCode, 16,
        [
          ("deprecated_builtin_code", .scalar(size: 1)), ("custom_code", .string), ("version", .scalar(size: 4)),
          ("builtin_code", .scalar(size: 4)),
        ]
      ),
      (
        .subgraph, 32,
        [
          ("tensors", tables(.tensor)), ("inputs", .vector(elementSize: 4)), ("outputs", .vector(elementSize: 4)),
          ("operators", tables(.operation)), ("name", .string), ("debug_metadata_index", .scalar(size: 4)),
        ]
      ),
      (
        .tensor, 32,
        [
          ("shape", .vector(elementSize: 4)), ("type", .scalar(size: 1)), ("buffer", .scalar(size: 4)),
          ("name", .string), ("quantization", table(.quantization)), ("is_variable", .scalar(size: 1)),
          ("sparsity", table(.sparsity)), ("shape_signature", .vector(elementSize: 4)), ("has_rank", .scalar(size: 1)),
          ("variant_tensors", tables(.variantSubtype)), ("external_buffer", .scalar(size: 4)),
        ]
      ),
      (
        .operation, 32,
        [
          ("opcode_index", .scalar(size: 4)), ("inputs", .vector(elementSize: 4)), ("outputs", .vector(elementSize: 4)),
          ("builtin_options_type", .scalar(size: 1)), ("builtin_options", .union(builtinOptionsUnion)),
          ("custom_options", .bytes), ("custom_options_format", .scalar(size: 1)),
          ("mutating_variable_inputs", .bytes), ("intermediates", .vector(elementSize: 4)),
          ("large_custom_options_offset", .scalar(size: 8)), ("large_custom_options_size", .scalar(size: 8)),
          ("builtin_options_2_type", .scalar(size: 1)), ("builtin_options_2", .union(builtinOptions2Union)),
          ("debug_metadata_index", .scalar(size: 4)),
        ]
      ),
      (.buffer, 16, [("data", .bytes), ("offset", .scalar(size: 8)), ("size", .scalar(size: 8))]),
      (
        .quantization, 16,
        [
          ("min", .vector(elementSize: 4)), ("max", .vector(elementSize: 4)), ("scale", .vector(elementSize: 4)),
          ("zero_point", .vector(elementSize: 8)), ("details_type", .scalar(size: 1)),
          ("details", .union(quantizationDetailsUnion)), ("quantized_dimension", .scalar(size: 4)),
        ]
      ),
      (.customQuantization, 8, [("custom", .bytes)]),
      (
        .blockwise, 8,
        [("scales", .scalar(size: 4)), ("zero_points", .scalar(size: 4)), ("block_size", .scalar(size: 4))]
      ),
      (
        .multiAxis, 8,
        [
          ("scales", .scalar(size: 4)), ("zero_points", .scalar(size: 4)), ("block_size", .scalar(size: 4)),
          ("quantized_dimensions", .vector(elementSize: 4)),
        ]
      ),
      (
        .sparsity, 16,
        [
          ("traversal_order", .vector(elementSize: 4)), ("block_map", .vector(elementSize: 4)),
          ("dim_metadata", tables(.dimension)),
        ]
      ),
      (
        .dimension, 16,
        [
          ("format", .scalar(size: 1)), ("dense_size", .scalar(size: 4)), ("array_segments_type", .scalar(size: 1)),
          ("array_segments", .union(sparseIndicesUnion)), ("array_indices_type", .scalar(size: 1)),
          ("array_indices", .union(sparseIndicesUnion)),
        ]
      ),
      (.int32Vector, 8, [("values", .vector(elementSize: 4))]),
      (.uint16Vector, 8, [("values", .vector(elementSize: 2))]),
      (.uint8Vector, 8, [("values", .vector(elementSize: 1))]),
      (
        .variantSubtype, 8,
        [("shape", .vector(elementSize: 4)), ("type", .scalar(size: 1)), ("has_rank", .scalar(size: 1))]
      ),
      (.metadata, 16, [("name", .string), ("buffer", .scalar(size: 4))]),
      (.tensorMap, 16, [("name", .string), ("tensor_index", .scalar(size: 4))]),
      (
        .signature, 16,
        [
          ("inputs", tables(.tensorMap)), ("outputs", tables(.tensorMap)), ("signature_key", .string),
          ("deprecated_tag", .string), ("subgraph_index", .scalar(size: 4)),
        ]
      ),
      (.externalBufferGroup, 8, [("name", .string)]),
      (
        .externalBuffer, 16,
        [
          ("id", .scalar(size: 4)), ("group", .scalar(size: 4)), ("offset", .scalar(size: 8)),
          ("length", .scalar(size: 8)), ("packing", .string),
        ]
      ),
    ]
    // The list above is in the order of `Kind`; sorting keeps that true if it is edited.
    var all = fixed.sorted { $0.0.rawValue < $1.0.rawValue }.map { _, cost, fields in
      FlatBufferSchema.Table(names: fields.map { $0.0 }, fields: fields.map { $0.1 }, cost: cost)
    }
    let firstOptions = all.count
    all += OptionsStructure.builtinOptions.map(OptionsStructure.table)
    let firstOptions2 = all.count
    all += OptionsStructure.builtinOptions2.map(OptionsStructure.table)
    return FlatBufferSchema(
      tables: all,
      unions: [
        Array(firstOptions..<firstOptions2), Array(firstOptions2..<all.count),
        [Kind.customQuantization, .blockwise, .multiAxis].map(\.rawValue),
        [Kind.int32Vector, .uint16Vector, .uint8Vector].map(\.rawValue),
      ])
  }()

  private static func table(_ kind: Kind) -> FlatBufferSchema.Field { .table(kind.rawValue) }
  private static func tables(_ kind: Kind) -> FlatBufferSchema.Field { .tables(kind.rawValue) }
}
