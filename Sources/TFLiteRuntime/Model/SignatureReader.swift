internal import FlatBuffers
internal import Kernels

/// Reads signatures and metadata.
enum SignatureReader {
  static func read(_ stored: FlatBufferTables?, graphs: [Graph]) throws(ModelError) -> [Signature] {
    guard let stored else { return [] }
    var signatures: [Signature] = []
    var keys = Set<String>()
    // Many signatures may run one subgraph.
    var values: [Int: (inputs: Set<TensorID>, all: Set<TensorID>)] = [:]
    for index in 0..<stored.count {
      let record = try located { () throws(FlatBufferError) in try SignatureRecord(stored.table(index)) }
      guard let key = record.key else { throw ModelError(.malformed, "signature \(index) has no key") }
      guard keys.insert(key).inserted else { throw ModelError(.malformed, "two signatures are named '\(key)'") }
      guard record.subgraph < graphs.count else {
        throw ModelError(
          .malformed, "signature '\(key)' runs subgraph \(record.subgraph); the model has \(graphs.count)")
      }
      let graph = graphs[record.subgraph]
      let known = values[record.subgraph] ?? (Set(graph.inputs), tensorsWithValue(graph))
      values[record.subgraph] = known
      signatures.append(
        Signature(
          key: key, subgraph: record.subgraph,
          inputs: try bindings(record.inputs, of: key, to: known.inputs, "input", subgraph: record.subgraph),
          outputs: try bindings(record.outputs, of: key, to: known.all, "output", subgraph: record.subgraph)))
    }
    return signatures
  }

  /// Quantisation tools add operators behind an output and leave the signature as it was, so a signature's output may be a tensor that
  /// is computed on the way.
  private static func tensorsWithValue(_ graph: Graph) -> Set<TensorID> {
    var result = Set(graph.inputs)
    for node in graph.nodes { result.formUnion(node.outputs) }
    for (index, tensor) in graph.tensors.enumerated() where tensor.constant != nil || tensor.isVariable {
      result.insert(TensorID(index))
    }
    return result
  }

  private static func bindings(
    _ records: [(name: String, tensor: Int)], of key: String, to known: Set<TensorID>, _ what: String, subgraph: Int
  ) throws(ModelError) -> [Signature.Binding] {
    var names = Set<String>()
    var result: [Signature.Binding] = []
    for (name, tensor) in records {
      let location = ModelError.Location(subgraph: subgraph, tensor: tensor)
      guard known.contains(TensorID(tensor)) else {
        throw ModelError(
          .malformed,
          what == "input"
            ? "input '\(name)' of signature '\(key)' is not an input of the subgraph"
            : "output '\(name)' of signature '\(key)' is not computed by the subgraph", at: location)
      }
      guard names.insert(name).inserted else {
        throw ModelError(.malformed, "signature '\(key)' has two \(what)s named '\(name)'", at: location)
      }
      result.append(Signature.Binding(name: name, tensor: TensorID(tensor)))
    }
    return result
  }

  static func readMetadata(_ stored: FlatBufferTables?, _ constants: ConstantReader) throws(ModelError) -> [Metadata] {
    guard let stored else { return [] }
    var result: [Metadata] = []
    for index in 0..<stored.count {
      let (name, buffer) = try located { () throws(FlatBufferError) in
        let table = try stored.table(index)
        return (try table.string(Schema.Metadata.name) ?? "", Int(try table.uint32(Schema.Metadata.buffer)))
      }
      let bytes: SharedBytes
      do throws(ModelError) {
        if let stored = try constants.bytes(ofBuffer: buffer, at: .init()) {
          bytes = stored
        } else {
          bytes = try ConstantReader.empty(at: .init()).bytes
        }
      } catch {
        throw ModelError(error.kind, "metadata '\(name)': \(error.message)")
      }
      result.append(Metadata(name: name, bytes: bytes))
    }
    return result
  }
}

/// A row of the schema's `SignatureDef`, as stored.
private struct SignatureRecord {
  let key: String?
  let subgraph: Int
  let inputs: [(name: String, tensor: Int)]
  let outputs: [(name: String, tensor: Int)]

  init(_ table: FlatBufferTable) throws(FlatBufferError) {
    typealias Slot = Schema.SignatureDef
    key = try table.string(Slot.signatureKey)
    subgraph = Int(try table.uint32(Slot.subgraphIndex))
    inputs = try Self.map(table.tables(Slot.inputs))
    outputs = try Self.map(table.tables(Slot.outputs))
  }

  private static func map(_ stored: FlatBufferTables?) throws(FlatBufferError) -> [(name: String, tensor: Int)] {
    guard let stored else { return [] }
    var result: [(name: String, tensor: Int)] = []
    for index in 0..<stored.count {
      let table = try stored.table(index)
      // An entry without a name cannot be asked for.
      guard let name = try table.string(Schema.TensorMap.name) else { continue }
      result.append((name, Int(try table.uint32(Schema.TensorMap.tensorIndex))))
    }
    return result
  }
}
