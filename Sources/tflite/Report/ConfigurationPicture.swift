internal import TFLiteRuntime

/// An operator's place and time, for the page.
struct PlacedOperator: Encodable {
  let subgraph: Int
  let index: Int
  let op: String
  let delegate: String
  let reason: String
  /// The number of its partition in its subgraph; nil on the built-in kernels.
  let partition: Int?
  /// nil where a delegate does not tell.
  let shortestUs: Double?
}

/// The time of a region whose delegate does not tell that of its operators.
struct RegionTime: Encodable {
  let first: Int
  let name: String
  let shortestUs: Double
}

/// The arena of a part of the graph.
struct ArenaPicture: Encodable {
  struct Block: Encodable {
    let offset: Int
    let bytes: Int
    let first: Int
    let last: Int
    let names: [String]
  }
  let bytes: Int
  /// The operators, in the order in which they run.
  let steps: [String]
  let blocks: [Block]
}

/// What the page draws of one configuration.
struct ConfigurationPicture: Encodable {
  let placement: [PlacedOperator]
  let regions: [RegionTime]
  let arena: [ArenaPicture]

  init(_ interpreter: Interpreter, _ profiler: Profiler) {
    let placement = interpreter.placement
    let places = OperatorPlaces(interpreter)
    var partitions: [Node.Origin: Int] = [:]
    for (number, partition) in placement.partitions.enumerated() {
      for index in partition.operators {
        partitions[Node.Origin(subgraph: partition.subgraph, index: index)] = number
      }
    }
    var times: [Node.Origin: Double] = [:]
    var regions: [RegionTime] = []
    var told: Set<Int> = []
    for entry in profiler.operatorsInRegions {
      guard let place = places[entry.node] else { continue }
      times[place.origin, default: 0] += entry.shortestUs
      if let partition = partitions[place.origin] { told.insert(partition) }
    }
    for entry in profiler.entries {
      guard let place = places[entry.node] else { continue }
      if place.delegate == Placement.builtin {
        times[place.origin, default: 0] += entry.shortestUs
      } else if !told.contains(partitions[place.origin] ?? -1) {
        regions.append(RegionTime(first: place.origin.index, name: entry.name, shortestUs: entry.shortestUs))
      }
    }
    self.regions = regions
    self.placement = placement.operators.map { entry in
      PlacedOperator(
        subgraph: entry.origin.subgraph, index: entry.origin.index, op: entry.name, delegate: entry.delegate,
        reason: entry.reason, partition: partitions[entry.origin], shortestUs: times[entry.origin])
    }
    let blocks = Dictionary(grouping: interpreter.arenaBlocks, by: \.segment)
    arena = interpreter.executionOrder.enumerated().map { segment, order in
      let blocks = blocks[segment] ?? []
      return ArenaPicture(
        bytes: blocks.reduce(0) { max($0, $1.offset + $1.byteCount) },
        steps: order.map { "\(interpreter.nodes[$0].origin.index) \(interpreter.nodes[$0].name)" },
        blocks: blocks.map { block in
          ArenaPicture.Block(
            offset: block.offset, bytes: block.byteCount, first: block.firstUse, last: block.lastUse,
            names: block.tensors.map { interpreter.name(of: TensorID($0)) })
        })
    }
  }
}

extension Profiler.Entry {
  fileprivate var shortestUs: Double { Double(minimumNanoseconds) / 1000 }
}
