import FlatBuffers
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// A model's graphs, written down one after the other: the first is the main one.
struct SubgraphSketch {
  private(set) var graphs: [Graph] = []

  /// Adds a graph and answers its number. The closure adds inputs and nodes and answers the outputs.
  @discardableResult
  mutating func add(_ build: (inout GraphSketch) throws -> [TensorID]) rethrows -> Int {
    var sketch = GraphSketch()
    sketch.subgraph = graphs.count
    sketch.graph.outputs = try build(&sketch)
    graphs.append(sketch.graph)
    return graphs.count - 1
  }

  func run(options: Interpreter.Options = .init(), limits: Limits = .standard) throws -> GraphRun {
    try GraphRun(try #require(graphs.first), subgraphs: Array(graphs.dropFirst()), options: options, limits: limits)
  }
}

extension If {
  init(then: Int, otherwise: Int) throws {
    try self.init(options: .table([0: .int32(Int32(then)), 1: .int32(Int32(otherwise))]))
  }
}

extension While {
  init(condition: Int, body: Int) throws {
    try self.init(options: .table([0: .int32(Int32(condition)), 1: .int32(Int32(body))]))
  }
}

extension CallOnce {
  init(_ subgraph: Int) throws { try self.init(options: .table([0: .int32(Int32(subgraph))])) }
}

extension StablehloCase {
  init(_ subgraphs: [Int]) throws { try self.init(options: .table([0: .int32s(subgraphs.map(Int32.init))])) }
}

extension GraphSketch {
  /// A run of a single graph. The closure adds inputs and nodes and answers the outputs.
  static func run(
    _ resources: Resources = Resources(), _ build: (inout GraphSketch) throws -> [TensorID]
  ) throws -> GraphRun {
    var model = SubgraphSketch()
    try model.add(build)
    return try model.run(options: .init(resources: resources))
  }

  /// The handle of a variable.
  mutating func handle(_ name: String = "v", container: String = "") throws -> TensorID {
    let options = try OperatorOptions.table([0: .string(container), 1: .string(name)])
    return node(try VarHandle(options: options), [], [1], .resource)
  }

  mutating func assign(_ handle: TensorID, _ value: TensorID) {
    node(AssignVariable(options: .defaults), [handle, value], outputs: [])
  }

  mutating func read(_ handle: TensorID, _ dimensions: [Int], _ element: ElementType = .float32) -> TensorID {
    node(ReadVariable(options: .defaults), [handle], dimensions, element)
  }

  /// The handle of a table.
  mutating func table(_ number: Int32 = 1, from key: ElementType, to value: ElementType) throws -> TensorID {
    let options = try OperatorOptions.table([
      0: .int32(number), 1: .int8(Int8(key.rawValue)), 2: .int8(Int8(value.rawValue)),
    ])
    return node(try Hashtable(options: options), [], [1], .resource)
  }

  mutating func fill(_ table: TensorID, _ keys: TensorID, _ values: TensorID) {
    node(HashtableImport(options: .defaults), [table, keys, values], outputs: [])
  }

  /// The sum of two float tensors, the first of which gives the shape.
  mutating func sum(_ a: TensorID, _ b: TensorID) throws -> TensorID {
    node(try Add(options: .defaults), [a, b], graph[a].type.shape.dimensions)
  }

  /// Two tensors one behind the other.
  mutating func joined(_ a: TensorID, _ b: TensorID) throws -> TensorID {
    let count = graph[a].type.shape.elementCount + graph[b].type.shape.elementCount
    return node(try Concatenation(options: .defaults), [a, b], [count])
  }
}

/// The error that `body` ends with.
@discardableResult
func modelError(
  _ kind: ModelError.Kind, subgraph: Int? = nil, _ operatorName: String? = nil,
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> ModelError {
  let thrown = #expect(throws: ModelError.self, sourceLocation: sourceLocation, performing: body)
  let error = try #require(thrown, sourceLocation: sourceLocation)
  #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
  if let subgraph { #expect(error.location.subgraph == subgraph, "\(error)", sourceLocation: sourceLocation) }
  if let operatorName {
    #expect(error.location.operatorName == operatorName, "\(error)", sourceLocation: sourceLocation)
  }
  return error
}
