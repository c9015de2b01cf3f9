internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// What a model consists of.
struct ModelContents {
  var version: Int
  var description: String
  var subgraphs: [Graph]
  var signatures: [Signature]
  var metadata: [Metadata]
}

/// Reads a model: first the structure of the file is checked, then what it says.
enum ModelReader {
  static func read(
    _ bytes: SharedBytes, externalBufferFolder: String?, operators: OperatorTable, limits: Limits
  ) throws(ModelError) -> ModelContents {
    try FileIdentity.check(bytes)
    try checkStructure(bytes)
    let root = try located { () throws(FlatBufferError) in try FlatBufferTable(rootOf: bytes) }
    let model = try located { () throws(FlatBufferError) in try ModelRecord(root) }
    guard model.version == Schema.version else {
      throw ModelError(.unsupported, "schema version \(model.version); only version \(Schema.version) can be read")
    }
    guard let buffers = model.buffers else { throw ModelError(.malformed, "the model has no list of buffers") }
    guard let subgraphs = model.subgraphs, subgraphs.count > 0 else {
      throw ModelError(.malformed, "the model has no subgraph")
    }

    var constants = ConstantReader(file: bytes, buffers: buffers, limits: limits)
    try constants.addExternalBuffers(model, folder: externalBufferFolder)
    let operatorReader = try OperatorReader(file: bytes, codes: model.operatorCodes, operators: operators)
    var graphs: [Graph] = []
    graphs.reserveCapacity(subgraphs.count)
    var operatorCount = 0
    for index in 0..<subgraphs.count {
      let place = ModelError.Location(subgraph: index)
      let record = try located(place) { () throws(FlatBufferError) in try SubgraphRecord(subgraphs.table(index)) }
      operatorCount += record.operators?.count ?? 0
      guard operatorCount <= limits.operators else {
        throw ModelError(.limitExceeded, "the model has more than \(limits.operators) operators", at: place)
      }
      let reader = GraphReader(index: index, record: record, operators: operatorReader, limits: limits)
      graphs.append(try reader.read(&constants))
    }
    try SubgraphCalls.check(graphs, limits: limits)
    try SubgraphCalls.addBodies(&graphs)
    return ModelContents(
      version: Int(model.version), description: model.description, subgraphs: graphs,
      signatures: try SignatureReader.read(model.signatures, graphs: graphs),
      metadata: try SignatureReader.readMetadata(model.metadata, constants))
  }

  /// Checks the FlatBuffer from end to end, so that nothing in it can be out of bounds afterwards.
  private static func checkStructure(_ bytes: SharedBytes) throws(ModelError) {
    do {
      try FlatBufferVerifier.verify(bytes, as: SchemaStructure.schema, root: SchemaStructure.root)
    } catch {
      var location = ModelError.Location()
      var path: [String] = []
      for step in error.path {
        switch (step.field, step.index) {
        case ("subgraphs", let index?): location.subgraph = index
        case ("operators", let index?): location.operatorIndex = index
        case ("tensors", let index?): location.tensor = index
        case (let field, let index?): path.append("\(field)[\(index)]")
        case (let field, nil): path.append(field)
        }
      }
      let place = path.isEmpty ? "" : path.joined(separator: ".") + ": "
      throw ModelError(.malformed, "the file is damaged or incomplete: \(place)\(error.error)", at: location)
    }
  }
}

/// Runs `body` and gives its error a place in the model.
func located<T>(_ location: ModelError.Location = .init(), _ body: () throws(FlatBufferError) -> T)
  throws(ModelError) -> T
{
  do {
    return try body()
  } catch {
    throw ModelError(.malformed, "the file is damaged: \(error)", at: location)
  }
}
