/// Groups the operators that the accelerator takes, as its compiler does. Pure functions over positions in execution order.
enum AcceleratorPartitions {
  /// Runs of neighbours. They need not be connected, and a single operator is a partition.
  static func contiguous(_ accepted: [Bool]) -> [[Int]] {
    var result: [[Int]] = []
    for position in accepted.indices where accepted[position] {
      if let last = result.last?.last, last == position - 1 {
        result[result.count - 1].append(position)
      } else {
        result.append([position])
      }
    }
    return result
  }

  /// Accepted operators that edges connect, whichever way these point. A partition may depend on itself through an operator outside.
  ///
  /// - Parameter successors: for each operator, those that read its outputs.
  static func weaklyConnected(_ accepted: [Bool], successors: [[Int]]) -> [[Int]] {
    var parent = Array(accepted.indices)
    func root(_ position: Int) -> Int {
      var current = position
      while parent[current] != current {
        parent[current] = parent[parent[current]]
        current = parent[current]
      }
      return current
    }
    for position in accepted.indices where accepted[position] {
      for successor in successors[position] where accepted[successor] {
        let (a, b) = (root(position), root(successor))
        if a != b { parent[max(a, b)] = min(a, b) }
      }
    }
    var members: [Int: [Int]] = [:]
    for position in accepted.indices where accepted[position] { members[root(position), default: []].append(position) }
    return members.keys.sorted().compactMap { members[$0] }
  }
}
