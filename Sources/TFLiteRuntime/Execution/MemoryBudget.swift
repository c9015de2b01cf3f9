/// What an interpreter may still allocate for tensors, and how many graphs it may still set up, its subgraphs included. Belongs to one interpreter.
final class MemoryBudget {
  let limit: Int
  private(set) var used = 0
  private var graphs: Int

  init(_ limits: Limits) {
    limit = limits.arenaBytes
    graphs = limits.subgraphInstances
  }

  var remaining: Int { limit - used }

  func take(_ bytes: Int) { used += bytes }
  func giveBack(_ bytes: Int) { used -= bytes }

  /// Counts one more graph.
  ///
  /// - Throws: `limitExceeded`.
  func addGraph(_ location: ModelError.Location) throws(ModelError) {
    guard graphs > 0 else {
      throw ModelError(
        .limitExceeded, "operators run subgraphs more often than the limit allows (Limits.subgraphInstances)",
        at: location)
    }
    graphs -= 1
  }
}
