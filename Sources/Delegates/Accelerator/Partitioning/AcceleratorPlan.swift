internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// An assessment, looked up by the nodes of the graphs that run. Those graphs may have composites inlined that the accelerator runs as one
/// operator, or the reverse.
struct AcceleratorPlan {
  /// Where a node goes.
  enum Place {
    case partition(Int)
    case refused(String)

    var support: DelegateSupport {
      switch self {
      case .partition: .accepted
      case .refused(let reason): .refused(reason)
      }
    }

    var partition: Int? {
      if case .partition(let number) = self { return number }
      return nil
    }
  }

  private var places: [Node.Origin: Place] = [:]
  /// Composites whose decomposition is in the assessment, with the subgraph that it is.
  private var decompositions: [Node.Origin: Int] = [:]
  /// Decompositions that the accelerator runs as one operator.
  private var lowered: [Int: Place] = [:]

  init(_ model: Model, options: AcceleratorOptions) {
    let assessment = AcceleratorAssessment(model, options: options)
    var number = 0
    for graph in assessment.subgraphs {
      var partition = [Int?](repeating: nil, count: graph.operators.count)
      for members in graph.partitions {
        for position in members.operators { partition[position] = number }
        number += 1
      }
      for (position, verdict) in graph.operators.enumerated() {
        let place = partition[position].map { Place.partition($0) } ?? .refused(verdict.refusal ?? "")
        // A decomposition that several composites share is taken only where all its copies are.
        if case .refused? = places[verdict.origin] { continue }
        places[verdict.origin] = place
      }
    }
    for graph in model.subgraphs {
      for node in graph.nodes where node.isComposite {
        guard let body = try? node.options.int32(1), model.subgraphs.indices.contains(Int(body)) else { continue }
        decompositions[node.origin] = Int(body)
        if let place = places[node.origin] { lower(Int(body), to: place, in: model, depth: 0) }
      }
    }
  }

  private mutating func lower(_ subgraph: Int, to place: Place, in model: Model, depth: Int) {
    guard depth < model.limits.recursionDepth, lowered[subgraph] == nil else { return }
    lowered[subgraph] = place
    for node in model.subgraphs[subgraph].nodes where node.isComposite {
      guard let body = try? node.options.int32(1), model.subgraphs.indices.contains(Int(body)) else { continue }
      lower(Int(body), to: place, in: model, depth: depth + 1)
    }
  }

  func placement(of node: DelegateNode) -> Place {
    if let place = places[node.origin] { return place }
    if let place = lowered[node.origin.subgraph] { return place }
    if let body = decompositions[node.origin] { return inside(body) }
    return .refused("it is not part of the model as the accelerator's compiler sees it")
  }

  /// Where a composite goes that was inlined for the accelerator and runs as one operator here: with its parts, where these are together.
  private func inside(_ subgraph: Int) -> Place {
    var common: Int?
    for (origin, place) in places where origin.subgraph == subgraph {
      guard case .partition(let number) = place else { return place }
      guard common == nil || common == number else { return .refused("its parts are in several partitions") }
      common = number
    }
    return common.map { .partition($0) } ?? .refused("its decomposition has no operators")
  }
}

extension Node {
  fileprivate var isComposite: Bool { identity == .builtin(.stablehloComposite) }
}
