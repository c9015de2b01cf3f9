import FlatBuffers
import Glibc
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// A graph that a test writes down node by node.
struct GraphSketch {
  var graph = Graph()
  /// The number that nodes have as their subgraph's.
  var subgraph = 0

  /// The shape of these dimensions; a scalar's where they are not valid.
  static func tensorType(_ dimensions: [Int], _ element: ElementType = .float32) -> TensorType {
    TensorType(element: element, shape: Shape(dimensions) ?? .scalar)
  }

  mutating func tensor(_ dimensions: [Int], _ element: ElementType = .float32) -> TensorID {
    graph.add(GraphTensor(name: "t\(graph.tensors.count)", type: Self.tensorType(dimensions, element)))
  }

  mutating func input(_ dimensions: [Int], _ element: ElementType = .float32) -> TensorID {
    let id = tensor(dimensions, element)
    graph.inputs.append(id)
    return id
  }

  mutating func constant<T: TensorScalar>(_ values: [T], _ dimensions: [Int]? = nil) throws -> TensorID {
    let id = tensor(dimensions ?? [values.count], T.elementType)
    graph[id].constant = Constant(try SharedBytes(copying: values.span.bytes))
    return id
  }

  mutating func constant(strings: [String], _ dimensions: [Int]? = nil) throws -> TensorID {
    let id = tensor(dimensions ?? [strings.count], .string)
    graph[id].constant = Constant(try StringArray(strings.map { Array($0.utf8) }).bytes)
    return id
  }

  mutating func variable(_ dimensions: [Int], _ element: ElementType = .float32) -> TensorID {
    let id = tensor(dimensions, element)
    graph[id].isVariable = true
    return id
  }

  /// Adds a node whose outputs are new tensors.
  @discardableResult
  mutating func node(
    _ operation: any Operator, _ inputs: [TensorID?], outputs: [([Int], ElementType)]
  ) -> [TensorID] {
    let ids = outputs.map { tensor($0.0, $0.1) }
    add(operation, inputs, ids)
    return ids
  }

  /// Adds a node with one output and answers that.
  mutating func node(
    _ operation: any Operator, _ inputs: [TensorID?], _ dimensions: [Int], _ element: ElementType = .float32
  ) -> TensorID {
    let id = tensor(dimensions, element)
    add(operation, inputs, [id])
    return id
  }

  private mutating func add(_ operation: any Operator, _ inputs: [TensorID?], _ outputs: [TensorID]) {
    let definition = type(of: operation).definition
    graph.nodes.append(
      Node(
        identity: definition.identity, version: min(definition.versions.upperBound, 99), inputs: inputs,
        outputs: outputs, origin: Node.Origin(subgraph: subgraph, index: graph.nodes.count),
        implementation: .success(operation)))
  }
}

/// A graph that runs as it is, without a model file, with the subgraphs that its operators name.
final class GraphRun {
  let runner: GraphRunner
  let context: ExecutionContext

  /// - Parameter subgraphs: subgraph 1 and those that follow it.
  init(
    _ graph: Graph, subgraphs: [Graph] = [], options: Interpreter.Options = .init(), delegates: [any Delegate] = [],
    limits: Limits = .standard
  ) throws {
    context = ExecutionContext(
      threadPool: options.threadPool ?? ThreadPool(count: options.threads), resources: options.resources ?? Resources())
    runner = try GraphRunner(graph: graph, options: options, delegates: delegates, context: context, limits: limits) {
      (subgraph) throws(ModelError) in
      guard subgraphs.indices.contains(subgraph - 1) else {
        throw ModelError(.invalidArgument, "there is no subgraph \(subgraph)")
      }
      return subgraphs[subgraph - 1]
    }
  }

  /// Copies values into an input or a variable.
  func set<T: TensorScalar>(_ id: TensorID, _ values: [T]) throws {
    try runner.allocate()
    let slot = try #require(runner.slot(of: id))
    try #require(slot.byteCount == values.count * MemoryLayout<T>.stride)
    values.withUnsafeBytes {
      if let start = $0.baseAddress { slot.address.copyMemory(from: start, byteCount: $0.count) }
    }
  }

  func set(_ id: TensorID, strings: [String]) throws {
    try runner.allocate()
    try #require(runner.slot(of: id)).setStringArray(StringArray(strings.map { Array($0.utf8) }))
  }

  func resize(_ id: TensorID, to dimensions: [Int]) throws { try runner.resize(id, to: dimensions) }

  func invoke(deadline: UInt64 = 0) throws {
    try runner.allocate()
    context.begin(deadline: deadline)
    try runner.invoke(profiler: nil)
  }

  func values<T: TensorScalar>(_ id: TensorID, as scalar: T.Type = T.self) throws -> [T] {
    let slot = try #require(runner.slot(of: id))
    let buffer = UnsafeRawBufferPointer(start: slot.address, count: slot.byteCount)
    return (0..<buffer.count / MemoryLayout<T>.stride).map {
      buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self)
    }
  }

  func floats(_ id: TensorID) throws -> [Float] { try values(id) }

  func strings(_ id: TensorID) throws -> [String] {
    let slot = try #require(runner.slot(of: id))
    return try #require(slot.stringArray).strings.map { String(decoding: $0, as: UTF8.self) }
  }

  func shape(_ id: TensorID) -> [Int] { runner.type(of: id).shape.dimensions }
}
