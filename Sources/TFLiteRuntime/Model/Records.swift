internal import FlatBuffers

/// A row of the schema's `Tensor`, as stored.
struct TensorRecord {
  let shape: [Int32]
  let type: UInt8
  let buffer: Int
  let name: String
  let quantization: QuantizationRecord?
  let isVariable: Bool
  let sparsity: FlatBufferTable?
  let shapeSignature: [Int32]
  let externalBuffer: UInt32

  init(_ table: FlatBufferTable) throws(FlatBufferError) {
    shape = try table.int32s(Schema.Tensor.shape)
    type = try table.uint8(Schema.Tensor.type)
    buffer = Int(try table.uint32(Schema.Tensor.buffer))
    name = try table.string(Schema.Tensor.name) ?? ""
    if let stored = try table.table(Schema.Tensor.quantization) {
      quantization = try QuantizationRecord(stored)
    } else {
      quantization = nil
    }
    isVariable = try table.bool(Schema.Tensor.isVariable)
    sparsity = try table.table(Schema.Tensor.sparsity)
    shapeSignature = try table.int32s(Schema.Tensor.shapeSignature)
    externalBuffer = try table.uint32(Schema.Tensor.externalBuffer)
  }
}

/// A row of the schema's `QuantizationParameters`, as stored.
struct QuantizationRecord {
  enum Details {
    case blockwise(scales: Int32, zeroPoints: Int32, blockSize: Int32)
    case multiAxis(scales: Int32, zeroPoints: Int32, blockSize: Int32, dimensions: [Int32])
    /// The union names a type but holds no value.
    case missing
  }

  let scales: [Float]
  /// nil when absent, which differs from empty.
  let zeroPoints: [Int64]?
  /// nil for affine quantisation, and for custom quantisation, which is ignored.
  let details: Details?
  let dimension: Int32

  init(_ table: FlatBufferTable) throws(FlatBufferError) {
    typealias Slot = Schema.QuantizationParameters
    scales = try table.floats(Slot.scale)
    zeroPoints = try table.hasField(Slot.zeroPoint) ? table.int64s(Slot.zeroPoint) : nil
    dimension = try table.int32(Slot.quantizedDimension)
    let type = try table.uint8(Slot.detailsType)
    guard type == 2 || type == 3 else {
      details = nil
      return
    }
    guard let stored = try table.table(Slot.details) else {
      details = .missing
      return
    }
    // Both tables begin with the same three fields.
    let scales = try stored.int32(Schema.MultiAxisQuantization.scales)
    let zeroPoints = try stored.int32(Schema.MultiAxisQuantization.zeroPoints)
    let blockSize = try stored.int32(Schema.MultiAxisQuantization.blockSize)
    if type == 2 {
      details = .blockwise(scales: scales, zeroPoints: zeroPoints, blockSize: blockSize)
    } else {
      details = .multiAxis(
        scales: scales, zeroPoints: zeroPoints, blockSize: blockSize,
        dimensions: try stored.int32s(Schema.MultiAxisQuantization.quantizedDimensions))
    }
  }
}

/// A row of the schema's `OperatorCode`, as stored.
struct OperatorCodeRecord {
  let builtinCode: Int32
  let customCode: String?
  let version: Int

  init(_ table: FlatBufferTable) throws(FlatBufferError) {
    // Files written before the 32-bit code existed have only the 8-bit one; files with codes above 127 have a placeholder there.
    let deprecated = Int32(try table.int8(Schema.OperatorCode.deprecatedBuiltinCode))
    builtinCode = max(deprecated, try table.int32(Schema.OperatorCode.builtinCode))
    customCode = try table.string(Schema.OperatorCode.customCode)
    version = Int(try table.int32(Schema.OperatorCode.version, default: 1))
  }
}

/// A row of the schema's `Operator`, as stored.
struct OperatorRecord {
  let code: Int
  let inputs: [Int32]
  let outputs: [Int32]
  let intermediates: [Int32]
  let optionsType: UInt8
  let options: FlatBufferTable?
  let options2Type: UInt8
  let options2: FlatBufferTable?
  let customOptions: SharedBytes?
  let largeCustomOptionsOffset: UInt64
  let largeCustomOptionsSize: UInt64

  init(_ table: FlatBufferTable) throws(FlatBufferError) {
    typealias Slot = Schema.Operator
    code = Int(try table.uint32(Slot.opcodeIndex))
    inputs = try table.int32s(Slot.inputs)
    outputs = try table.int32s(Slot.outputs)
    intermediates = try table.int32s(Slot.intermediates)
    optionsType = try table.uint8(Slot.builtinOptionsType)
    // Members that this schema does not have were not checked, so they are left alone.
    options =
      OptionsStructure.builtinOptions.indices.contains(Int(optionsType) - 1)
      ? try table.table(Slot.builtinOptions) : nil
    options2Type = try table.uint8(Slot.builtinOptions2Type)
    options2 =
      OptionsStructure.builtinOptions2.indices.contains(Int(options2Type) - 1)
      ? try table.table(Slot.builtinOptions2) : nil
    customOptions = try table.data(Slot.customOptions)
    largeCustomOptionsOffset = try table.uint64(Slot.largeCustomOptionsOffset)
    largeCustomOptionsSize = try table.uint64(Slot.largeCustomOptionsSize)
  }
}

/// A row of the schema's `Buffer`, as stored.
struct BufferRecord {
  /// nil when absent, which differs from empty.
  let data: SharedBytes?
  let offset: UInt64
  let size: UInt64

  init(_ table: FlatBufferTable) throws(FlatBufferError) {
    data = try table.data(Schema.Buffer.data)
    offset = try table.uint64(Schema.Buffer.offset)
    size = try table.uint64(Schema.Buffer.size)
  }
}

/// A row of the schema's `ExternalBuffer`, as stored.
struct ExternalBufferRecord {
  let id: UInt32
  let group: Int
  let offset: UInt64
  let length: UInt64
  let packing: String

  init(_ table: FlatBufferTable) throws(FlatBufferError) {
    typealias Slot = Schema.ExternalBuffer
    id = try table.uint32(Slot.id)
    group = Int(try table.uint32(Slot.group))
    offset = try table.uint64(Slot.offset)
    length = try table.uint64(Slot.length)
    packing = try table.string(Slot.packing) ?? ""
  }
}
