public import Kernels
internal import Synchronization

/// The passes that turn a subgraph as it was stored into the one that is planned and run.
public struct GraphCompiler: Sendable, Hashable {
  /// The passes that are switched off.
  public var disabled: Set<GraphPass>

  /// - Parameters:
  ///   - foldsConstants: whether operators on constants are computed at load.
  ///   - eliminatesDeadCode: whether operators whose results nobody reads are left out.
  ///   - disabled: further passes that are switched off.
  public init(foldsConstants: Bool = true, eliminatesDeadCode: Bool = true, disabled: Set<GraphPass> = []) {
    self.disabled = disabled
    if !foldsConstants { self.disabled.insert(.foldConstants) }
    if !eliminatesDeadCode { self.disabled.insert(.eliminateDeadCode) }
  }

  /// Runs the passes on one of `subgraphs`. Composites are replaced by an operator that computes them, or inlined.
  ///
  /// - Parameters:
  ///   - index: which of the subgraphs; it must be one.
  ///   - subgraphs: all subgraphs of the model.
  ///   - limits: bound the time and memory of folding, and the number of operators.
  ///   - operators: where composites are looked up that have kernels of their own.
  /// - Throws: ``ModelError`` when a composite's decomposition does not fit it, or a limit is reached.
  public func compile(
    _ index: Int, of subgraphs: [Graph], limits: Limits, operators: OperatorTable = .builtin
  ) throws(ModelError) -> Graph {
    var graph = try InlineComposites(subgraphs: subgraphs, limits: limits, operators: operators)(subgraphs[index])
    // An input to which the model gives a value is still an input, and the value what it holds at first; inputs keep what they hold between
    // invocations, so one that is declared a variable needs nothing more.
    for id in graph.inputs where graph[id].constant != nil || graph[id].isVariable {
      graph[id].isVariable = false
      graph[id].initialValue = graph[id].constant
      graph[id].constant = nil
    }
    graph = try DensifyConstants(limits: limits)(graph)
    let count = graph.nodes.count
    if !disabled.contains(.foldConstants) { graph = FoldConstants(limits: limits)(graph) }
    let folded = graph.nodes.count
    if !disabled.contains(.eliminateDeadCode) { graph = EliminateDeadCode()(graph) }
    if folded < count { graph.passMatches.append((.foldConstants, count - folded)) }
    if graph.nodes.count < folded { graph.passMatches.append((.eliminateDeadCode, folded - graph.nodes.count)) }
    graph.storedOperators = subgraphs[index].nodes.count
    return graph
  }
}

/// The compiled graphs of one model, made once and shared by its interpreters, with them the constants and their packed forms.
final class CompiledGraphs: Sendable {
  /// For each subgraph its forms, of which there are as many as ways to compile it.
  private let graphs = Mutex<[Int: [(compiler: GraphCompiler, graph: Graph)]]>([:])

  func graph(
    _ subgraph: Int, compiler: GraphCompiler, make: () throws(ModelError) -> Graph
  ) throws(ModelError) -> Graph {
    // Passes that fuse do not change what is kept here.
    var compiler = compiler
    compiler.disabled.formIntersection([.foldConstants, .eliminateDeadCode])
    let result = graphs.withLock { graphs -> Result<Graph, ModelError> in
      if let known = graphs[subgraph]?.first(where: { $0.compiler == compiler }) { return .success(known.graph) }
      do throws(ModelError) {
        let graph = try make()
        graphs[subgraph, default: []].append((compiler, graph))
        return .success(graph)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
