internal import FlatBuffers

/// The schema's `Model`, as stored.
struct ModelRecord {
  let version: UInt32
  let operatorCodes: FlatBufferTables?
  let subgraphs: FlatBufferTables?
  let description: String
  let buffers: FlatBufferTables?
  let metadata: FlatBufferTables?
  let signatures: FlatBufferTables?
  let externalBufferGroups: FlatBufferTables?
  let externalBuffers: FlatBufferTables?

  init(_ table: FlatBufferTable) throws(FlatBufferError) {
    typealias Slot = Schema.Model
    version = try table.uint32(Slot.version)
    operatorCodes = try table.tables(Slot.operatorCodes)
    subgraphs = try table.tables(Slot.subgraphs)
    description = try table.string(Slot.description) ?? ""
    buffers = try table.tables(Slot.buffers)
    metadata = try table.tables(Slot.metadata)
    signatures = try table.tables(Slot.signatureDefs)
    externalBufferGroups = try table.tables(Slot.externalBufferGroups)
    externalBuffers = try table.tables(Slot.externalBuffers)
  }
}

/// A row of the schema's `SubGraph`, as stored.
struct SubgraphRecord {
  let tensors: FlatBufferTables?
  let inputs: [Int32]
  let outputs: [Int32]
  let operators: FlatBufferTables?
  let name: String

  init(_ table: FlatBufferTable) throws(FlatBufferError) {
    typealias Slot = Schema.SubGraph
    tensors = try table.tables(Slot.tensors)
    inputs = try table.int32s(Slot.inputs)
    outputs = try table.int32s(Slot.outputs)
    operators = try table.tables(Slot.operators)
    name = try table.string(Slot.name) ?? ""
  }
}
