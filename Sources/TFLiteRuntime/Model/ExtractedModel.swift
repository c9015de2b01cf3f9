internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// A model that consists of some operators of another one.
package struct ExtractedModel: Sendable {
  /// A whole .tflite file.
  package let bytes: [UInt8]
  /// The tensors of the other model that are the inputs, in order: what the operators read and none of them computes.
  package let inputs: [TensorID]
  /// The tensors of the other model that are the outputs, in order: what the operators compute and others read, or nobody does.
  package let outputs: [TensorID]
}

extension Model {
  /// A model of some operators of a subgraph, with their weights, the subgraphs that they call, and this model's metadata but that for people
  /// (`TFLITE_METADATA`), which describes other inputs.
  ///
  /// The operators are in subgraph 0 of the result, in the order of the file; tensors keep their names, called subgraphs their indices.
  ///
  /// - Parameters:
  ///   - operators: indices in the subgraph as it is stored.
  ///   - shapes: the shapes that inputs are to have instead of the stored ones.
  /// - Throws: ``ModelError`` of kind `invalidArgument` for operators that there are not, `unsupported` where an operator calls subgraph 0,
  ///   `limitExceeded` where the file would have 2^31 bytes or more.
  package func extracting(
    _ operators: [Int], of subgraph: Int, shapes: [TensorID: [Int]] = [:]
  ) throws(ModelError) -> ExtractedModel {
    guard subgraphs.indices.contains(subgraph) else {
      throw ModelError(.invalidArgument, "there is no subgraph \(subgraph)")
    }
    let chosen = Set(operators).sorted()
    guard let last = chosen.last, subgraphs[subgraph].nodes.indices.contains(last), chosen[0] >= 0 else {
      throw ModelError(.invalidArgument, "operators \(operators) are not in subgraph \(subgraph)")
    }
    return try ModelExtraction(self, subgraph: subgraph, operators: chosen).extract(shapes: shapes)
  }
}

/// Copies what some operators need out of a model's file.
private struct ModelExtraction {
  private typealias Fields = FlatBufferValue.Fields

  let model: Model
  let subgraph: Int
  /// In the order of the file; at least one.
  let operators: [Int]
  private let record: ModelRecord
  private let stored: FlatBufferTables
  private let constants: ConstantReader
  /// Buffers and operator codes of the result, and where those of the model are in it.
  private var buffers: [Fields] = [[:]]
  private var bufferIndices: [Int: UInt32] = [:]
  private var codes: [Fields] = []
  private var codeIndices: [Int: UInt32] = [:]

  init(_ model: Model, subgraph: Int, operators: [Int]) throws(ModelError) {
    self.model = model
    self.subgraph = subgraph
    self.operators = operators
    record = try located { () throws(FlatBufferError) in
      try ModelRecord(FlatBufferTable(rootOf: model.content))
    }
    guard let subgraphs = record.subgraphs, let buffers = record.buffers else {
      throw ModelError(.malformed, "the model has no subgraphs or no buffers")
    }
    stored = subgraphs
    constants = ConstantReader(file: model.content, buffers: buffers, limits: model.limits)
  }

  consuming func extract(shapes: [TensorID: [Int]]) throws(ModelError) -> ExtractedModel {
    let graph = model.subgraphs[subgraph]
    let (inputs, outputs) = boundary(graph)
    var main = try fields(ofSubgraph: subgraph, operators: operators, shapes: shapes)
    main.fields[Schema.SubGraph.inputs] = .numbers(inputs.map { Int32(main.tensors[$0.index] ?? 0) })
    main.fields[Schema.SubGraph.outputs] = .numbers(outputs.map { Int32(main.tensors[$0.index] ?? 0) })
    var subgraphs = [main.fields]
    let called = try calledSubgraphs(graph)
    guard !called.contains(0) else {
      throw ModelError(.unsupported, "an operator calls subgraph 0, whose place the operators would take")
    }
    if let last = called.max() {
      for index in 1...last {
        // What nobody calls keeps its place, for the sake of the indices, and loses its content.
        subgraphs.append(
          called.contains(index)
            ? try fields(ofSubgraph: index, operators: nil, shapes: [:]).fields
            : [Schema.SubGraph.tensors: .tables([]), Schema.SubGraph.operators: .tables([])])
      }
    }
    let metadata = try copiedMetadata()
    let list = operators.map(String.init).joined(separator: ", ")
    let root: Fields = [
      Schema.Model.version: .number(UInt32(Schema.version)),
      Schema.Model.operatorCodes: .tables(codes),
      Schema.Model.subgraphs: .tables(subgraphs),
      Schema.Model.description: .text(
        "operators \(list) of subgraph \(subgraph)" + (model.description.isEmpty ? "" : " of: \(model.description)")),
      Schema.Model.buffers: .tables(buffers),
      Schema.Model.metadata: .tables(metadata),
    ]
    guard let bytes = FlatBufferWriter.write(root, identifier: Schema.fileIdentifier) else {
      throw ModelError(.limitExceeded, "the operators and their weights do not fit in a file of 2^31 bytes")
    }
    return ExtractedModel(bytes: bytes, inputs: inputs, outputs: outputs)
  }

  private func boundary(_ graph: Graph) -> (inputs: [TensorID], outputs: [TensorID]) {
    let chosen = Set(operators)
    let computed = operators.flatMap { graph.nodes[$0].outputs }
    var known = Set(computed)
    var inputs: [TensorID] = []
    for index in operators {
      for case let id? in graph.nodes[index].inputs where known.insert(id).inserted {
        let isInput = graph.inputs.contains(id)
        if isInput || graph[id].constant == nil && !graph[id].isVariable { inputs.append(id) }
      }
    }
    var read = Set<TensorID>()
    var readElsewhere = Set(graph.outputs)
    for signature in model.signatures where signature.subgraph == subgraph {
      readElsewhere.formUnion(signature.outputs.map(\.tensor))
    }
    for (index, node) in graph.nodes.enumerated() {
      for case let id? in node.inputs {
        read.insert(id)
        if !chosen.contains(index) { readElsewhere.insert(id) }
      }
    }
    return (inputs, computed.filter { readElsewhere.contains($0) || !read.contains($0) })
  }

  /// The subgraphs that the operators run, and those that these run.
  private func calledSubgraphs(_ graph: Graph) throws(ModelError) -> Set<Int> {
    var called = Set<Int>()
    var nodes = operators.map { graph.nodes[$0] }
    while let node = nodes.popLast() {
      for index in try SubgraphCalls.calls(of: node, in: model.subgraphs) where called.insert(index).inserted {
        nodes += model.subgraphs[index].nodes
      }
    }
    return called
  }

  // MARK: Tables

  /// A subgraph with some of its operators and what they use, or with everything, and where its tensors are in it.
  private mutating func fields(
    ofSubgraph index: Int, operators: [Int]?, shapes: [TensorID: [Int]]
  ) throws(ModelError) -> (fields: Fields, tensors: [Int: Int]) {
    let place = ModelError.Location(subgraph: index)
    let table = try located(place) { () throws(FlatBufferError) in try stored.table(index) }
    let record = try located(place) { () throws(FlatBufferError) in try SubgraphRecord(table) }
    guard let tensors = record.tensors else { throw ModelError(.malformed, "the subgraph has no tensors", at: place) }
    let graph = model.subgraphs[index]
    var kept: [Int]
    if let operators {
      var used = Set<Int>()
      for node in operators.map({ graph.nodes[$0] }) {
        used.formUnion((node.inputs.compactMap(\.self) + node.outputs + node.intermediates).map(\.index))
      }
      for tensor in used {
        for scale in try parameterTensors(located(place) { () throws(FlatBufferError) in try tensors.table(tensor) })
        where scale >= 0 && scale < tensors.count { used.insert(Int(scale)) }
      }
      kept = used.sorted()
    } else {
      kept = Array(0..<tensors.count)
    }
    let places = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    var tensorFields: [Fields] = []
    for tensor in kept {
      tensorFields.append(
        try fields(
          ofTensor: try located(place) { () throws(FlatBufferError) in try tensors.table(tensor) },
          graph.tensors[tensor], shape: shapes[TensorID(tensor)], places: places, place))
    }
    var operatorFields: [Fields] = []
    for position in operators ?? Array(graph.nodes.indices) {
      guard let operators = record.operators else { break }
      operatorFields.append(
        try fields(
          ofOperator: try located(place) { () throws(FlatBufferError) in try operators.table(position) }, places,
          place))
    }
    var fields: Fields = [
      Schema.SubGraph.tensors: .tables(tensorFields), Schema.SubGraph.operators: .tables(operatorFields),
      Schema.SubGraph.name: .text(record.name),
    ]
    fields[Schema.SubGraph.inputs] = .numbers(record.inputs)
    fields[Schema.SubGraph.outputs] = .numbers(record.outputs)
    return (fields, places)
  }

  /// The tensors that hold the parameters of a tensor's quantisation.
  private func parameterTensors(_ tensor: FlatBufferTable) throws(ModelError) -> [Int32] {
    let quantization = try located { () throws(FlatBufferError) in try TensorRecord(tensor).quantization }
    return switch quantization?.details {
    case .blockwise(let scales, let zeroPoints, _), .multiAxis(let scales, let zeroPoints, _, _): [scales, zeroPoints]
    case .missing, nil: []
    }
  }

  private mutating func fields(
    ofTensor table: FlatBufferTable, _ tensor: GraphTensor, shape: [Int]?, places: [Int: Int],
    _ place: ModelError.Location
  ) throws(ModelError) -> Fields {
    typealias Slot = Schema.Tensor
    var fields = try copied(table, .tensor, place)
    let record = try located(place) { () throws(FlatBufferError) in try TensorRecord(table) }
    fields[Slot.buffer] = nil
    fields[Slot.externalBuffer] = nil
    if record.buffer != 0 {
      fields[Slot.buffer] = .number(try buffer(record.buffer, place))
    }
    if record.externalBuffer != 0, let constant = tensor.constant {
      buffers.append([Schema.Buffer.data: .bytes(constant.bytes)])
      fields[Slot.buffer] = .number(UInt32(buffers.count - 1))
    }
    if let shape { fields[Slot.shape] = .numbers(shape.map { Int32(clamping: $0) }) }
    if case .table(var quantization)? = fields[Slot.quantization], try !parameterTensors(table).isEmpty,
      case .table(var details)? = quantization[Schema.QuantizationParameters.details]
    {
      for (slot, tensor) in zip(
        [Schema.MultiAxisQuantization.scales, Schema.MultiAxisQuantization.zeroPoints], try parameterTensors(table))
      {
        details[slot] = .number(places[Int(tensor)].map { Int32($0) } ?? -1)
      }
      quantization[Schema.QuantizationParameters.details] = .table(details)
      fields[Slot.quantization] = .table(quantization)
    }
    return fields
  }

  private mutating func fields(
    ofOperator table: FlatBufferTable, _ places: [Int: Int], _ place: ModelError.Location
  ) throws(ModelError) -> Fields {
    typealias Slot = Schema.Operator
    var fields = try copied(table, .operation, place)
    let record = try located(place) { () throws(FlatBufferError) in try OperatorRecord(table) }
    fields[Slot.opcodeIndex] = .number(try code(record.code, place))
    for (slot, tensors) in [
      (Slot.inputs, record.inputs), (Slot.outputs, record.outputs), (Slot.intermediates, record.intermediates),
    ] where fields[slot] != nil {
      fields[slot] = .numbers(tensors.map { places[Int($0)].map { Int32($0) } ?? -1 })
    }
    // Options that are stored behind the FlatBuffer come inside.
    if record.largeCustomOptionsOffset > 1, let offset = Int(exactly: record.largeCustomOptionsOffset),
      let size = Int(exactly: record.largeCustomOptionsSize),
      let options = model.content.slice(offset: offset, count: size)
    {
      fields[Slot.customOptions] = .bytes(options)
    }
    fields[Slot.largeCustomOptionsOffset] = nil
    fields[Slot.largeCustomOptionsSize] = nil
    fields[Slot.debugMetadataIndex] = nil
    return fields
  }

  private mutating func buffer(_ index: Int, _ place: ModelError.Location) throws(ModelError) -> UInt32 {
    if let known = bufferIndices[index] { return known }
    guard let bytes = try constants.bytes(ofBuffer: index, at: place) else {
      bufferIndices[index] = 0
      return 0
    }
    buffers.append([Schema.Buffer.data: .bytes(bytes)])
    bufferIndices[index] = UInt32(buffers.count - 1)
    return UInt32(buffers.count - 1)
  }

  private mutating func code(_ index: Int, _ place: ModelError.Location) throws(ModelError) -> UInt32 {
    if let known = codeIndices[index] { return known }
    guard let stored = record.operatorCodes else {
      throw ModelError(.malformed, "the model has no operator codes", at: place)
    }
    codes.append(
      try copied(located(place) { () throws(FlatBufferError) in try stored.table(index) }, .operatorCode, place))
    codeIndices[index] = UInt32(codes.count - 1)
    return UInt32(codes.count - 1)
  }

  private mutating func copiedMetadata() throws(ModelError) -> [Fields] {
    var result: [Fields] = []
    for entry in model.metadata where entry.name != "TFLITE_METADATA" {
      buffers.append([Schema.Buffer.data: .bytes(entry.bytes)])
      result.append([
        Schema.Metadata.name: .text(entry.name), Schema.Metadata.buffer: .number(UInt32(buffers.count - 1)),
      ])
    }
    return result
  }

  private func copied(
    _ table: FlatBufferTable, _ kind: SchemaStructure.Kind, _ place: ModelError.Location
  ) throws(ModelError) -> Fields {
    try located(place) { () throws(FlatBufferError) in try table.fields(kind.rawValue, of: SchemaStructure.schema) }
  }
}
