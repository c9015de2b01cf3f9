import Kernels
import ModelTestSupport
import TFLiteRuntime
import Testing

/// Models that are sound FlatBuffers and say something impossible.
@Suite struct MalformedModelTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var base: @Sendable () -> ModelBuilder = ModelBuilder.addRelu
    var kind = ModelError.Kind.malformed
    var tensor: Int?
    var node: Int?
    let change: @Sendable (inout ModelBuilder) -> Void
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "schema version", kind: .unsupported) { $0.version = 2 },
    Case(name: "no subgraph") { $0.subgraphs = [] },
    Case(name: "operator code out of range", node: 0) { $0.subgraphs[0].operators[0][0] = .uint32(9) },
    Case(name: "custom operator without a name") { $0.codes[0] = [3: .int32(32)] },
    Case(name: "element type", tensor: 2) { $0.subgraphs[0].tensors[2][1] = .int8(23) },
    Case(name: "negative dimension", tensor: 2) { $0.subgraphs[0].tensors[2][0] = .int32s([1, -4]) },
    Case(name: "overflowing shape", tensor: 2) {
      $0.subgraphs[0].tensors[2][0] = .int32s([.max, .max, .max])
    },
    Case(name: "too many elements", kind: .limitExceeded, tensor: 2) {
      $0.subgraphs[0].tensors[2][0] = .int32s([65536, 65536])
    },
    Case(name: "rank of the shape signature", tensor: 0) { $0.subgraphs[0].tensors[0][7] = .int32s([-1]) },
    Case(name: "shape signature below -1", tensor: 0) { $0.subgraphs[0].tensors[0][7] = .int32s([-2, 4]) },
    Case(name: "buffer out of range", tensor: 1) { $0.subgraphs[0].tensors[1][2] = .uint32(77) },
    Case(name: "buffer too small", tensor: 1) { $0.buffers[1] = [0: .bytes([UInt8](repeating: 0, count: 15))] },
    Case(name: "buffer behind the file", tensor: 1) { $0.buffers[1] = [1: .uint64(1 << 20), 2: .uint64(16)] },
    Case(name: "buffer offset overflows", tensor: 1) { $0.buffers[1] = [1: .uint64(.max), 2: .uint64(16)] },
    Case(name: "variable with a value", tensor: 1) { $0.subgraphs[0].tensors[1][5] = .bool(true) },
    Case(name: "external buffer unknown", tensor: 2) { $0.subgraphs[0].tensors[2][10] = .uint32(3) },
    Case(name: "graph input out of range") { $0.subgraphs[0].inputs = [4] },
    Case(name: "graph output -1") { $0.subgraphs[0].outputs = [-1] },
    Case(name: "graph input twice", tensor: 0) { $0.subgraphs[0].inputs = [0, 0] },
    Case(name: "graph input is constant", tensor: 1) { $0.subgraphs[0].inputs = [0, 1] },
    Case(name: "output never computed", tensor: 3) { $0.subgraphs[0].operators.removeLast() },
    Case(name: "operator input out of range", node: 1) { $0.subgraphs[0].operators[1][1] = .int32s([4]) },
    Case(name: "operator input -2", node: 1) { $0.subgraphs[0].operators[1][1] = .int32s([-2]) },
    Case(name: "operator output -1", node: 1) { $0.subgraphs[0].operators[1][2] = .int32s([-1]) },
    Case(name: "intermediate out of range", node: 1) { $0.subgraphs[0].operators[1][8] = .int32s([4]) },
    Case(name: "operators out of order", tensor: 2, node: 0) { $0.subgraphs[0].operators.reverse() },
    Case(name: "operator reads its own output", tensor: 2, node: 0) {
      $0.subgraphs[0].operators[0][1] = .int32s([0, 2])
    },
    Case(name: "two operators write a tensor", tensor: 2, node: 1) { $0.subgraphs[0].operators[1][2] = .int32s([2]) },
    Case(name: "operator writes a constant", tensor: 1, node: 0) { $0.subgraphs[0].operators[0][2] = .int32s([1]) },
    Case(name: "operator writes an input", tensor: 0, node: 0) { $0.subgraphs[0].operators[0][2] = .int32s([0]) },
    Case(name: "scales without zero points", tensor: 1) { $0.quantize(1, [2: .floats([1])]) },
    Case(name: "zero points do not match", tensor: 1) { $0.quantize(1, [2: .floats([1]), 3: .int64s([0, 0])]) },
    Case(name: "scales do not match the shape", tensor: 1) {
      $0.quantize(1, [2: .floats([1, 1]), 3: .int64s([0, 0])])
    },
    Case(name: "quantised dimension", tensor: 1) {
      $0.quantize(1, [2: .floats([1]), 3: .int64s([0]), 6: .int32(1)])
    },
    Case(name: "scale is not a number", tensor: 2) {
      $0.subgraphs[0].tensors[2][1] = .int8(9)
      $0.quantize(2, [2: .floats([.nan]), 3: .int64s([0])])
    },
    Case(name: "zero point", tensor: 2) {
      $0.subgraphs[0].tensors[2][1] = .int8(9)
      $0.quantize(2, [2: .floats([1]), 3: .int64s([1 << 40])])
    },
    Case(name: "signature without a key") { $0.signatures[0][2] = nil },
    Case(name: "two signatures of one name") { $0.signatures.append($0.signatures[0]) },
    Case(name: "signature of no subgraph") { $0.signatures[0][4] = .uint32(1) },
    Case(name: "signature input", tensor: 2) {
      $0.signatures = [ModelBuilder.signature("s", inputs: [("x", 2)], outputs: [])]
    },
    Case(name: "signature output", tensor: 99) {
      $0.signatures = [ModelBuilder.signature("s", inputs: [], outputs: [("y", 99)])]
    },
    Case(name: "signature name twice", tensor: 3) {
      $0.signatures = [ModelBuilder.signature("s", inputs: [], outputs: [("y", 3), ("y", 3)])]
    },
    Case(name: "metadata buffer") { $0.metadata[0][1] = .uint32(50) },
    Case(name: "string offsets", base: ModelBuilder.constants, tensor: 3) {
      $0.buffers[3] = [0: .bytes([2, 0, 0, 0, 16, 0, 0, 0, 15, 0, 0, 0, 21, 0, 0, 0, 97])]
    },
    Case(name: "string count", base: ModelBuilder.constants, tensor: 3) {
      $0.buffers[3] = [0: .bytes([255, 255, 255, 255, 16, 0, 0, 0])]
    },
    Case(name: "string count and shape", base: ModelBuilder.constants, tensor: 3) {
      $0.subgraphs[0].tensors[3][0] = .int32s([3])
    },
    Case(name: "packed constant too small", base: ModelBuilder.constants, tensor: 2) {
      $0.subgraphs[0].tensors[2][0] = .int32s([7])
    },
    Case(name: "too few sparse values", base: ModelBuilder.constants, tensor: 4) {
      $0.buffers[4] = [0: .bytes([UInt8](repeating: 0, count: 11))]
    },
    Case(name: "sparse dimension", base: ModelBuilder.constants, tensor: 4) {
      $0.subgraphs[0].tensors[4][0] = .int32s([2, 3])
    },
    Case(name: "traversal order", base: ModelBuilder.constants, tensor: 4) {
      $0.subgraphs[0].tensors[4][6] = .table([0: .int32s([0, 0]), 2: .tables([[1: .int32(2)], [1: .int32(4)]])])
    },
    Case(name: "block size", base: ModelBuilder.constants, tensor: 6) {
      $0.quantize(6, [4: .int8(2), 5: .table([0: .int32(5), 1: .int32(-1), 2: .int32(0)])])
    },
    Case(name: "scales in no tensor", base: ModelBuilder.constants, tensor: 6) {
      $0.quantize(6, [4: .int8(2), 5: .table([0: .int32(50), 1: .int32(-1), 2: .int32(32)])])
    },
    Case(name: "large custom options", base: ModelBuilder.constants, node: 0) {
      $0.subgraphs[0].operators[0][5] = nil
      $0.subgraphs[0].operators[0][9] = .uint64(1000)
      $0.subgraphs[0].operators[0][10] = .uint64(.max)
    },
    Case(name: "called subgraph out of range", base: ModelBuilder.control, node: 0) {
      $0.subgraphs[0].operators[0][4] = .table([0: .int32(1), 1: .int32(5)])
    },
    Case(name: "called subgraph takes other operands", base: ModelBuilder.control, node: 0) {
      $0.subgraphs[1].inputs = []
      $0.subgraphs[1].outputs = []
    },
    Case(name: "operator calls its own subgraph", base: ModelBuilder.control, node: 0) {
      $0.subgraphs[2].operators[0][4] = .table([0: .int32(3), 1: .int32(2)])
    },
    Case(name: "subgraphs call each other", base: ModelBuilder.control) {
      let call = $0.code(31)
      $0.subgraphs[4].operators[0] = [
        0: .uint32(call), 1: .int32s([0]), 2: .int32s([2]), 3: .int8(16), 4: .table([0: .uint32(2)]),
      ]
    },
  ]

  @Test(arguments: cases)
  func isRefusedWithItsPlace(_ example: Case) throws {
    var builder = example.base()
    _ = try Model(bytes: builder.bytes())
    example.change(&builder)
    let error = try #require(throws: ModelError.self) { try Model(bytes: builder.bytes()) }
    #expect(error.kind == example.kind, "\(error)")
    #expect(error.location.tensor == example.tensor, "\(error)")
    #expect(error.location.operatorIndex == example.node, "\(error)")
    #expect(!error.message.isEmpty)
  }

  @Test func otherFilesAreNamed() throws {
    func message(_ bytes: [UInt8]) -> String {
      do {
        _ = try Model(bytes: bytes)
        return "loaded"
      } catch {
        return error.message
      }
    }
    #expect(message([]).contains("0 bytes"))
    #expect(message(Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 20)).contains("ZIP"))
    #expect(message(Array("version https://git-lfs.github.com/spec/v1\n".utf8)).contains("git lfs pull"))
    #expect(message(Array("<!DOCTYPE html><html>".utf8)).contains("web page"))
    #expect(message([8, 0, 0, 0] + Array("TFL2".utf8) + [0, 0, 0, 0]).contains("'TFL2'"))
  }

  @Test func depthOfCallsIsLimited() throws {
    var builder = ModelBuilder()
    let call = builder.code(31)
    let count: UInt32 = 70
    for index in 0..<count {
      var graph = ModelBuilder.Subgraph()
      if index + 1 < count { graph.node(call, [], [], [3: .int8(16), 4: .table([0: .uint32(index + 1)])]) }
      builder.subgraphs.append(graph)
    }
    let error = try #require(throws: ModelError.self) { try Model(bytes: builder.bytes()) }
    #expect(error.kind == .limitExceeded)
    _ = try Model(bytes: builder.bytes(), limits: Limits(recursionDepth: 70))
  }

  @Test func operatorsAreLimited() throws {
    let stored = ModelBuilder.addRelu().bytes()
    let error = try #require(throws: ModelError.self) { try Model(bytes: stored, limits: Limits(operators: 1)) }
    #expect(error.kind == .limitExceeded)
    _ = try Model(bytes: stored, limits: Limits(operators: 2))
  }

  /// Every subgraph calls the next one twice: 2^60 paths, but only 61 subgraphs to look at.
  @Test func manyPathsThroughFewSubgraphs() throws {
    var builder = ModelBuilder()
    let branch = builder.code(118)
    for index in Int32(0)...60 {
      var graph = ModelBuilder.Subgraph()
      let condition = graph.tensor([], type: 6)
      graph.inputs = index == 0 ? [condition] : []
      if index > 0 { graph.tensors[0][5] = .bool(true) }
      if index < 60 {
        graph.node(branch, [condition], [], [3: .int8(92), 4: .table([0: .int32(index + 1), 1: .int32(index + 1)])])
      }
      builder.subgraphs.append(graph)
    }
    #expect(try Model(bytes: builder.bytes()).subgraphs.count == 61)
  }
}

extension ModelBuilder {
  mutating func quantize(_ tensor: Int, _ parameters: Table) { subgraphs[0].tensors[tensor][4] = .table(parameters) }
}
