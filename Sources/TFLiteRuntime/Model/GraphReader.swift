internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// Reads one subgraph.
struct GraphReader {
  let index: Int
  let record: SubgraphRecord
  let operators: OperatorReader
  let limits: Limits

  func read(_ constants: inout ConstantReader) throws(ModelError) -> Graph {
    guard let stored = record.tensors else {
      throw ModelError(.malformed, "the subgraph has no list of tensors", at: place)
    }
    var graph = Graph(name: record.name)
    graph.tensors.reserveCapacity(stored.count)
    for tensor in 0..<stored.count {
      var location = place
      location.tensor = tensor
      let record = try located(location) { () throws(FlatBufferError) in try TensorRecord(stored.table(tensor)) }
      location.tensorName = record.name
      let reader = TensorReader(
        record: record, subgraph: index, tensor: tensor, tensorCount: stored.count, location: location, limits: limits)
      graph.tensors.append(try reader.read(&constants))
    }
    graph.inputs = try boundary(record.inputs, "input", tensorCount: stored.count)
    graph.outputs = try boundary(record.outputs, "output", tensorCount: stored.count)
    if let stored = record.operators {
      graph.nodes.reserveCapacity(stored.count)
      for node in 0..<stored.count {
        var location = place
        location.operatorIndex = node
        let record = try located(location) { () throws(FlatBufferError) in try OperatorRecord(stored.table(node)) }
        graph.nodes.append(
          try operators.node(record, tensorCount: graph.tensors.count, location: location))
      }
    }
    try GraphVerifier.verify(&graph, subgraph: index)
    return graph
  }

  private var place: ModelError.Location { ModelError.Location(subgraph: index) }

  private func boundary(_ stored: [Int32], _ what: String, tensorCount: Int) throws(ModelError) -> [TensorID] {
    var result: [TensorID] = []
    result.reserveCapacity(stored.count)
    for (position, tensor) in stored.enumerated() {
      guard tensor >= 0, tensor < tensorCount else {
        throw ModelError(
          .malformed, "\(what) \(position) is tensor \(tensor); the subgraph has \(tensorCount) tensors", at: place)
      }
      result.append(TensorID(Int(tensor)))
    }
    return result
  }
}
