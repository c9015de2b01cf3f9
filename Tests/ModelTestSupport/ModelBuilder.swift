/// The tables of a model, by the schema's slot numbers, for tests to change before they are written.
package struct ModelBuilder {
  package typealias Table = [Int: Stored]

  package init() {}

  package var version: UInt32 = 3
  package var codes: [Table] = []
  package var subgraphs: [Subgraph] = []
  package var buffers: [Table] = [[:]]
  package var metadata: [Table] = []
  package var signatures: [Table] = []
  package var groups: [Table] = []
  package var externalBuffers: [Table] = []

  package struct Subgraph {
    package init() {}

    package var tensors: [Table] = []
    package var inputs: [Int32] = []
    package var outputs: [Int32] = []
    package var operators: [Table] = []

    /// Adds a tensor and answers its index.
    @discardableResult
    package mutating func tensor(
      _ shape: [Int32], type: Int8 = 0, buffer: UInt32 = 0, name: String = "", _ more: Table = [:]
    )
      -> Int32
    {
      var table: Table = [0: .int32s(shape), 1: .int8(type), 2: .uint32(buffer), 3: .string(name)]
      table.merge(more) { $1 }
      tensors.append(table)
      return Int32(tensors.count - 1)
    }

    package mutating func node(_ code: UInt32, _ inputs: [Int32], _ outputs: [Int32], _ more: Table = [:]) {
      var table: Table = [0: .uint32(code), 1: .int32s(inputs), 2: .int32s(outputs)]
      table.merge(more) { $1 }
      operators.append(table)
    }
  }

  package mutating func code(_ builtin: Int32, version: Int32 = 1, custom: String? = nil) -> UInt32 {
    var table: Table = [0: .int8(Int8(min(builtin, 127))), 2: .int32(version), 3: .int32(builtin)]
    if let custom { table[1] = .string(custom) }
    codes.append(table)
    return UInt32(codes.count - 1)
  }

  package mutating func buffer(_ bytes: [UInt8]) -> UInt32 {
    buffers.append([0: .bytes(bytes)])
    return UInt32(buffers.count - 1)
  }

  package mutating func buffer(floats: [Float]) -> UInt32 { buffer(floats.withUnsafeBytes { Array($0) }) }

  package func bytes() -> [UInt8] {
    let graphs = subgraphs.map { graph -> Table in
      [
        0: .tables(graph.tensors), 1: .int32s(graph.inputs), 2: .int32s(graph.outputs), 3: .tables(graph.operators),
        4: .string("main"),
      ]
    }
    return FlatBufferWriter.write([
      0: .uint32(version), 1: .tables(codes), 2: .tables(graphs), 3: .string("made for a test"), 4: .tables(buffers),
      6: .tables(metadata), 7: .tables(signatures), 8: .tables(groups), 9: .tables(externalBuffers),
    ])
  }
}

extension ModelBuilder {
  /// A signature over subgraph 0.
  package static func signature(
    _ key: String, inputs: [(String, UInt32)], outputs: [(String, UInt32)], subgraph: UInt32 = 0
  )
    -> Table
  {
    func map(_ bindings: [(String, UInt32)]) -> Stored {
      .tables(bindings.map { [0: .string($0.0), 1: .uint32($0.1)] })
    }
    return [0: map(inputs), 1: map(outputs), 2: .string(key), 4: .uint32(subgraph)]
  }

  /// `y = relu(x + c)` with a constant of four floats, a signature, metadata and a shape that is open in its first dimension.
  package static func addRelu() -> ModelBuilder {
    var model = ModelBuilder()
    let add = model.code(0)
    let relu = model.code(19)
    let constant = model.buffer(floats: [1, 2, 3, 4])
    let note = model.buffer(Array("hello".utf8))
    var graph = Subgraph()
    let x = graph.tensor([1, 4], name: "x", [7: .int32s([-1, 4])])
    let c = graph.tensor([4], buffer: constant, name: "c")
    let sum = graph.tensor([1, 4], name: "sum")
    let y = graph.tensor([1, 4], name: "y")
    graph.node(add, [x, c], [sum], [3: .int8(11), 4: .table([0: .int8(0)])])
    graph.node(relu, [sum], [y])
    graph.inputs = [x]
    graph.outputs = [y]
    model.subgraphs = [graph]
    model.metadata = [[0: .string("note"), 1: .uint32(note)]]
    model.signatures = [signature("serving", inputs: [("x", 0)], outputs: [("y", 3)])]
    return model
  }

  /// Constants of many kinds: per-channel, blockwise, sparse, strings, packed, stored behind the FlatBuffer; a variable; a custom operator.
  package static func constants() -> ModelBuilder {
    var model = ModelBuilder()
    let custom = model.code(32, custom: "Mine")
    let int8s = model.buffer([UInt8](0..<12))
    let packed = model.buffer([0x21, 0x43, 0x05])
    let strings = model.buffer([2, 0, 0, 0, 16, 0, 0, 0, 18, 0, 0, 0, 21, 0, 0, 0, 97, 98, 99, 100, 101])
    let sparse = model.buffer(floats: [1, 2, 3])
    let blocks = model.buffer([UInt8](repeating: 0x11, count: 16))
    let scales = model.buffer([0, 60])
    // Bytes 4 to 20 of the file itself.
    model.buffers.append([1: .uint64(4), 2: .uint64(16)])
    var graph = Subgraph()
    let x = graph.tensor([2], name: "x")
    graph.tensor(
      [3, 4], type: 9, buffer: int8s, name: "channels",
      [4: .table([2: .floats([0.5, 0.25, 0.125]), 3: .int64s([0, 0, 0]), 6: .int32(0)])])
    graph.tensor([5], type: 17, buffer: packed, name: "packed")
    graph.tensor([2], type: 5, buffer: strings, name: "strings")
    let dense: ModelBuilder.Table = [0: .int8(0), 1: .int32(2)]
    let compressed: ModelBuilder.Table = [
      0: .int8(1), 2: .int8(1), 3: .table([0: .int32s([0, 1, 3])]), 4: .int8(2), 5: .table([0: .uint16s([2, 0, 3])]),
    ]
    graph.tensor(
      [2, 4], buffer: sparse, name: "sparse", [6: .table([0: .int32s([0, 1]), 2: .tables([dense, compressed])])])
    let scalesTensor = graph.tensor([1, 1], type: 1, buffer: scales, name: "scales")
    graph.tensor(
      [1, 32], type: 17, buffer: blocks, name: "blocks",
      [4: .table([4: .int8(2), 5: .table([0: .int32(scalesTensor), 1: .int32(-1), 2: .int32(32)])])])
    graph.tensor([4], type: 2, buffer: UInt32(model.buffers.count - 1), name: "behind")
    let state = graph.tensor([2], name: "state", [5: .bool(true)])
    let y = graph.tensor([2], name: "y")
    graph.node(custom, [x, 1, 2, 3, 4, 6, 7, state, -1], [y], [5: .bytes([1, 2, 3])])
    graph.inputs = [x]
    graph.outputs = [y]
    model.subgraphs = [graph]
    return model
  }

  /// An IF over two subgraphs, one of which calls a third with WHILE.
  package static func control() -> ModelBuilder {
    var model = ModelBuilder()
    let branch = model.code(118)
    let loop = model.code(119)
    let less = model.code(58)
    let add = model.code(0)
    let one = model.buffer(floats: [1])
    var main = Subgraph()
    let condition = main.tensor([], type: 6, name: "condition")
    let x = main.tensor([], name: "x")
    let y = main.tensor([], name: "y")
    main.node(branch, [condition, x], [y], [3: .int8(92), 4: .table([0: .int32(1), 1: .int32(2)])])
    main.inputs = [condition, x]
    main.outputs = [y]
    var identity = Subgraph()
    identity.inputs = [identity.tensor([], name: "a")]
    identity.outputs = identity.inputs
    var looping = Subgraph()
    looping.inputs = [looping.tensor([], name: "b")]
    looping.outputs = [looping.tensor([], name: "c")]
    looping.node(loop, [0], [1], [3: .int8(93), 4: .table([0: .int32(3), 1: .int32(4)])])
    var test = Subgraph()
    test.inputs = [test.tensor([], name: "d")]
    test.tensor([], buffer: one, name: "one")
    test.outputs = [test.tensor([], type: 6, name: "e")]
    test.node(less, [0, 1], [2])
    var body = Subgraph()
    body.inputs = [body.tensor([], name: "f")]
    body.tensor([], buffer: one, name: "one")
    body.outputs = [body.tensor([], name: "g")]
    body.node(add, [0, 1], [2])
    model.subgraphs = [main, identity, looping, test, body]
    return model
  }
}
