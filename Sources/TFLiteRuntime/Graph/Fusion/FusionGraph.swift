internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// Recognises groups of operators that one step can compute.
///
/// A pass looks at each operator once, as the last of a possible group, and walks from it to the operators that make its inputs, a bounded
/// number of them.
protocol FusionPass {
  /// Replaces the group that ends with the operator at `position`, if there is one.
  ///
  /// - Returns: whether a group was replaced that counts as a match.
  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool
}

/// The operators of a segment that run with the built-in kernels, with the shapes they will have, while they are fused.
struct FusionGraph {
  /// What a position of the segment holds now. Of a class, since passes look at many entries, and a copy of a node costs more than a look.
  final class Entry {
    let node: Node
    /// The positions of the operators that it stands for, in ascending order.
    let members: [Int]
    /// Its kernel, where that is known already.
    let kernel: Kernel?

    init(node: Node, members: [Int], kernel: Kernel? = nil) {
      self.node = node
      self.members = members
      self.kernel = kernel
    }
  }

  private(set) var entries: [Entry?]
  let types: [TensorType]
  /// How constants are packed.
  let packing: ConstantPacking
  private let constants: (TensorID) -> Constant?
  private let prepare: (Node) -> Kernel?
  private var producers: [Int]
  /// How often each tensor is read, by operators and as an output.
  private var reads: [Int]
  /// How many matches each pass had that had any.
  private(set) var matches: [(pass: GraphPass, count: Int)] = []

  /// - Parameters:
  ///   - graph: the whole graph, whose operators count as readers.
  ///   - range: the segment.
  ///   - isEligible: whether the operator at a position of the segment may be part of a group.
  ///   - types: of all tensors, with resolved shapes.
  ///   - constants: the values of constant tensors.
  ///   - prepare: makes the kernel of an operator; nil where it has none.
  init(
    _ graph: Graph, range: Range<Int>, types: [TensorType], packing: ConstantPacking,
    constants: @escaping (TensorID) -> Constant?, prepare: @escaping (Node) -> Kernel?, isEligible: (Int) -> Bool
  ) {
    self.prepare = prepare
    self.types = types
    self.packing = packing
    self.constants = constants
    reads = [Int](repeating: 0, count: graph.tensors.count)
    producers = [Int](repeating: -1, count: graph.tensors.count)
    for node in graph.nodes {
      for case let id? in node.inputs { reads[id.index] += 1 }
    }
    for id in graph.outputs { reads[id.index] += 1 }
    entries = []
    entries.reserveCapacity(range.count)
    for (position, index) in range.enumerated() {
      let node = graph.nodes[index]
      guard isEligible(position), case .success(let operation) = node.implementation, operation.isPure,
        node.outputs.count == 1, node.inputs.count <= 8,
        !(node.inputs.compactMap { $0 } + node.outputs).contains(where: { graph[$0].isVariable })
      else {
        entries.append(nil)
        continue
      }
      entries.append(Entry(node: node, members: [position]))
      producers[node.outputs[0].index] = position
    }
  }

  /// Runs the passes that are not switched off.
  mutating func run(without disabled: Set<GraphPass>) {
    for pass in GraphPass.allCases where !disabled.contains(pass) {
      guard let fusion = pass.fusion else { continue }
      var count = 0
      for position in entries.indices where entries[position] != nil {
        if fusion.match(position, &self) { count += 1 }
      }
      if count > 0 { matches.append((pass, count)) }
    }
  }

  // MARK: Looking

  func type(_ id: TensorID) -> TensorType { types[id.index] }
  func shape(_ id: TensorID) -> Shape { types[id.index].shape }
  func isFloat(_ id: TensorID) -> Bool { types[id.index].element == .float32 }

  /// The operator at a position, if it is of this kind.
  func operation<T: Operator>(_ position: Int?, _ kind: T.Type) -> T? {
    guard let position, case .success(let operation)? = entries[position]?.node.implementation else { return nil }
    // Most are of another kind, which their types tell faster than a cast.
    guard Swift.type(of: operation) == kind else { return nil }
    return operation as? T
  }

  /// The operator at a position.
  func operation(_ position: Int) -> (any Operator)? { try? entries[position]?.node.implementation.get() }

  /// Where the operator is that makes a tensor; nil where it may not be fused.
  func producer(_ id: TensorID?) -> Int? {
    guard let id, producers[id.index] >= 0 else { return nil }
    return producers[id.index]
  }

  /// Where the operator is that makes a tensor, if it is of this kind.
  func producer<T: Operator>(_ id: TensorID?, _ kind: T.Type) -> Int? {
    guard let position = producer(id), operation(position, kind) != nil else { return nil }
    return position
  }

  /// An input of the operator at a position.
  func input(_ position: Int, _ index: Int) -> TensorID? {
    guard let entry = entries[position], index < entry.node.inputs.count else { return nil }
    return entry.node.inputs[index]
  }

  func output(_ position: Int) -> TensorID? { entries[position]?.node.outputs.first }

  /// Whether exactly one operator reads a tensor, once, and nobody else.
  func isReadOnce(_ id: TensorID) -> Bool { reads[id.index] == 1 }

  func constant(_ id: TensorID?) -> Constant? { id.flatMap { constants($0) } }

  /// The value of a constant `float32` tensor with one element.
  func scalar(_ id: TensorID?) -> Float? {
    guard let id, isFloat(id), shape(id).elementCount == 1, let bytes = constants(id)?.bytes, bytes.count >= 4 else {
      return nil
    }
    return unsafe bytes.span.unsafeLoadUnaligned(fromByteOffset: 0, as: Float.self)
  }

  /// The value of a constant `int8` or `uint8` tensor with one element.
  func byte(_ id: TensorID?) -> Int? {
    guard let id, shape(id).elementCount == 1, let bytes = constants(id)?.bytes, bytes.count == 1 else { return nil }
    let value = unsafe bytes.span.unsafeLoad(fromByteOffset: 0, as: UInt8.self)
    return switch type(id).element {
    case .int8: Int(Int8(bitPattern: value))
    case .uint8: Int(value)
    default: nil
    }
  }

  /// The values of a constant vector of `int32`.
  func integers(_ id: TensorID?) -> [Int]? {
    guard let id, type(id).element == .int32, let bytes = constants(id)?.bytes,
      bytes.count == shape(id).elementCount * 4, bytes.count <= 64
    else { return nil }
    return (0..<bytes.count / 4).map {
      Int(unsafe bytes.span.unsafeLoadUnaligned(fromByteOffset: $0 * 4, as: Int32.self))
    }
  }

  /// Whether a tensor is a constant vector of `count` floats, up to dimensions of 1 in front.
  func isVector(_ id: TensorID?, count: Int) -> Bool {
    guard let id, isFloat(id), constants(id) != nil else { return false }
    return shape(id).elementCount == count && shape(id).last == count
  }

  /// Whether a tensor meets another one with one element for each row along the last axis, in the rows' order.
  func isPerRow(_ id: TensorID?, of rows: TensorID) -> Bool {
    guard let id, let width = shape(rows).last, shape(id).last == 1, shape(id).rank <= shape(rows).rank else {
      return false
    }
    let (own, whole) = (shape(id), shape(rows))
    // Further dimensions of the rows are 1 when the counts agree.
    guard own.elementCount.multipliedReportingOverflow(by: width) == (whole.elementCount, false) else { return false }
    return (1..<own.rank).allSatisfy { own[own.rank - 1 - $0] == whole[whole.rank - 1 - $0] }
  }

  /// Follows reshapes back to the tensor whose elements they show, and the reshapes on the way.
  func origin(_ id: TensorID?) -> (tensor: TensorID, reshapes: [Int])? {
    guard var tensor = id else { return nil }
    var reshapes: [Int] = []
    while reshapes.count < 4, let position = producer(tensor), isReshape(position), let input = input(position, 0) {
      reshapes.append(position)
      tensor = input
    }
    return (tensor, reshapes)
  }

  /// Whether an operator gives its first input another shape and nothing else.
  func isReshape(_ position: Int) -> Bool {
    switch operation(position) {
    case is Reshape, is Squeeze, is ExpandDims: true
    default: false
    }
  }

  /// Whether an operator's result is what its arithmetic gives, without an activation.
  func isPlain(_ position: Int) -> Bool {
    switch operation(position) {
    case let operation as Add: operation.activation == .none
    case let operation as Sub: operation.activation == .none
    case let operation as Mul: operation.activation == .none
    case let operation as Div: operation.activation == .none
    default: true
    }
  }

  /// Where the plain operator is that makes a tensor, if it is of this kind.
  func plainProducer<T: Operator>(_ id: TensorID?, _ kind: T.Type) -> Int? {
    guard let position = producer(id, kind), isPlain(position) else { return nil }
    return position
  }

  /// The two ways to read the inputs of an operator whose operands may be swapped.
  func operands(_ position: Int) -> [(TensorID, TensorID)] {
    guard let a = input(position, 0), let b = input(position, 1) else { return [] }
    return [(a, b), (b, a)]
  }

  // MARK: Replacing

  /// Puts one operator in the place of several.
  ///
  /// - Parameters:
  ///   - members: positions of the operators that go, besides `position`, whose output the new operator makes.
  ///   - name: what profiles call the step.
  /// - Returns: false, and nothing is changed, where somebody else reads what a member makes.
  mutating func replace(
    _ position: Int, and members: [Int], by operation: any Operator, inputs: [TensorID], name: String
  ) -> Bool {
    let others = Set(members).subtracting([position])
    guard let root = entries[position]?.node, others.allSatisfy({ $0 < position && entries[$0] != nil }) else {
      return false
    }
    var within: [TensorID: Int] = [:]
    for member in others.union([position]) {
      for case let id? in entries[member]?.node.inputs ?? [] { within[id, default: 0] += 1 }
    }
    for member in others {
      guard let output = output(member), within[output] == reads[output.index] else { return false }
    }
    for id in inputs where producers[id.index] >= 0 && others.contains(producers[id.index]) { return false }
    for (id, count) in within { reads[id.index] -= count }
    for id in inputs { reads[id.index] += 1 }
    var all = entries[position]?.members ?? [position]
    for member in others {
      if let output = output(member) { producers[output.index] = -1 }
      all += entries[member]?.members ?? []
      entries[member] = nil
    }
    entries[position] = Entry(
      node: Node(
        identity: .custom(name), inputs: inputs, outputs: root.outputs, origin: root.origin,
        implementation: .success(operation)), members: all.sorted())
    return true
  }

  /// What would stand at a position if another operator did its work, ready to run.
  ///
  /// - Parameters:
  ///   - inputs: the operator's, where they are not those of the one before.
  ///   - suffix: what profiles add to the name.
  /// - Returns: nil where the operator has no kernel for this.
  func entry(
    _ position: Int, by operation: any Operator, inputs: [TensorID]? = nil, output: TensorID, suffix: String
  ) -> Entry? {
    guard let entry = entries[position] else { return nil }
    let node = Node(
      identity: .custom(entry.node.name + suffix), inputs: inputs ?? entry.node.inputs, outputs: [output],
      origin: entry.node.origin, implementation: .success(operation))
    return prepare(node).map { Entry(node: node, members: entry.members, kernel: $0) }
  }

  /// Has operators write their results into another one's output.
  ///
  /// - Parameters:
  ///   - parts: the operators, each the only one whose result the other reads, in ascending order of positions or not.
  ///   - rest: what remains of the other one; nil for nothing.
  mutating func write(_ parts: [(position: Int, entry: Entry)], into position: Int, rest: Entry?) {
    for (place, entry) in parts {
      if let own = output(place) {
        producers[own.index] = -1
        reads[own.index] = 0
      }
      entries[place] = entry
    }
    if let output = output(position) { producers[output.index] = -1 }
    if rest == nil, let last = parts.map(\.position).max(), let entry = entries[last] {
      entries[last] = Entry(
        node: entry.node, members: entry.members + (entries[position]?.members ?? []), kernel: entry.kernel)
    }
    entries[position] = rest
  }
}
