import FlatBuffers
import Glibc
import Kernels
import ModelTestSupport
import TFLiteRuntime
import TensorTypes
import Testing

@Suite struct ModelTests {
  @Test func readsGraphSignaturesAndMetadata() throws {
    let model = try Model(bytes: ModelBuilder.addRelu().bytes())
    #expect(model.version == 3)
    #expect(model.description == "made for a test")
    let graph = try #require(model.subgraphs.first)
    #expect(graph.name == "main")
    #expect(graph.inputs == [TensorID(0)])
    #expect(graph.outputs == [TensorID(3)])
    #expect(graph.tensors.map(\.name) == ["x", "c", "sum", "y"])
    #expect(graph.tensors[0].type == TensorType(element: .float32, shape: try #require(Shape([1, 4]))))
    #expect(graph.tensors[0].shapeSignature == [-1, 4])
    #expect(graph.tensors[1].shapeSignature == nil)
    #expect(floats(graph.tensors[1]) == [1, 2, 3, 4])
    #expect(graph.nodes.map(\.name) == ["ADD", "RELU"])
    #expect(graph.nodes[0].inputs == [TensorID(0), TensorID(1)])
    #expect(graph.nodes[0].options.isPresent)
    if case .failure(let error) = graph.nodes[1].implementation { Issue.record(error) }
    let signature = try #require(model.signatures.first)
    #expect(signature.key == "serving" && signature.subgraph == 0)
    #expect(signature.inputs == [Signature.Binding(name: "x", tensor: TensorID(0))])
    #expect(signature.outputs == [Signature.Binding(name: "y", tensor: TensorID(3))])
    #expect(model.metadata.map(\.name) == ["note"])
    #expect(model.metadata.first.map { bytes($0.bytes) } == Array("hello".utf8))
  }

  @Test func readsConstantsOfEveryKind() throws {
    let stored = ModelBuilder.constants().bytes()
    let model = try Model(bytes: stored)
    let graph = model.subgraphs[0]
    func tensor(_ name: String) throws -> GraphTensor { try #require(graph.tensors.first { $0.name == name }) }
    #expect(
      try tensor("channels").type.quantization
        == .perChannel(scales: [0.5, 0.25, 0.125], zeroPoints: [0, 0, 0], axis: 0))
    #expect(try bytes(tensor("packed").constant?.bytes) == [0x21, 0x43, 0x05])
    #expect(try bytes(tensor("strings").constant?.bytes).suffix(5) == Array("abcde".utf8)[...])
    let sparse = try tensor("sparse")
    #expect(
      sparse.sparsity
        == Sparsity(
          traversalOrder: [0, 1], blockMap: [],
          dimensions: [.dense(size: 2), .sparse(segments: [0, 1, 3], indices: [2, 0, 3])]))
    #expect(floats(sparse) == [1, 2, 3])
    #expect(try tensor("blocks").type.quantization == .blockwise(scales: 5, zeroPoints: nil, blockSize: 32))
    #expect(try bytes(tensor("behind").constant?.bytes) == Array(stored[4..<20]))
    #expect(try tensor("state").isVariable)
    let node = graph.nodes[0]
    #expect(node.identity == .custom("Mine"))
    #expect(node.inputs.last == .some(nil))
    #expect(bytes(node.options.custom) == [1, 2, 3])
    guard case .failure(.unsupported(let message)) = node.implementation else {
      Issue.record("a custom operator that nobody added")
      return
    }
    #expect(message.contains("Mine"))
  }

  @Test func tensorsOfOneBufferShareTheConstant() throws {
    var builder = ModelBuilder.addRelu()
    builder.subgraphs.append(builder.subgraphs[0])
    builder.subgraphs[0].tensor([2, 2], buffer: 1, name: "other shape")
    let graphs = try Model(bytes: builder.bytes()).subgraphs
    let first = try #require(graphs[0].tensors[1].constant)
    #expect(first === graphs[1].tensors[1].constant)
    #expect(first !== graphs[0].tensors[4].constant)
    #expect(first.bytes.baseAddress == graphs[0].tensors[4].constant?.bytes.baseAddress)
  }

  @Test func misalignedConstantsAreCopied() throws {
    var builder = ModelBuilder.addRelu()
    builder.buffers[1] = [1: .uint64(5), 2: .uint64(16)]
    let stored = builder.bytes()
    let constant = try #require(Model(bytes: stored).subgraphs[0].tensors[1].constant)
    #expect(UInt(bitPattern: constant.bytes.baseAddress) % 4 == 0)
    #expect(bytes(constant.bytes) == Array(stored[5..<21]))
  }

  @Test func tensorsWithoutElementsAreConstants() throws {
    var builder = ModelBuilder.addRelu()
    let empty = builder.subgraphs[0].tensor([0], name: "empty")
    let strings = builder.subgraphs[0].tensor([0, 3], type: 5, name: "no strings")
    builder.subgraphs[0].operators[0][1] = .int32s([empty, strings])
    let tensors = try Model(bytes: builder.bytes()).subgraphs[0].tensors
    #expect(tensors[Int(empty)].constant?.bytes.count == 0)
    #expect(bytes(tensors[Int(strings)].constant?.bytes) == [0, 0, 0, 0, 8, 0, 0, 0])
  }

  @Test func readsOldAndNewOperatorCodes() throws {
    var builder = ModelBuilder.addRelu()
    // Only the 8-bit code; then a placeholder with a code that needs 32 bits.
    builder.codes[0] = [0: .int8(18)]
    builder.codes[1] = [0: .int8(127), 3: .int32(150)]
    #expect(try Model(bytes: builder.bytes()).subgraphs[0].nodes.map(\.name) == ["MUL", "GELU"])
    #expect(try Model(bytes: builder.bytes()).subgraphs[0].nodes[0].version == 1)
  }

  @Test func operatorsThatAreMissingAreNotLoadErrors() throws {
    func failure(_ code: ModelBuilder.Table) throws -> String {
      var builder = ModelBuilder.addRelu()
      builder.codes[1] = code
      guard case .failure(let error) = try Model(bytes: builder.bytes()).subgraphs[0].nodes[1].implementation else {
        return ""
      }
      return error.description
    }
    #expect(try failure([3: .int32(19), 2: .int32(99)]).contains("version 99 of RELU"))
    #expect(try failure([3: .int32(1234)]).contains("1234"))
    #expect(try failure([3: .int32(-4), 0: .int8(-2)]).contains("-2"))
    #expect(try failure([3: .int32(32), 1: .string("FlexAdd")]).contains("TensorFlow"))
  }

  @Test func optionsOfAnotherOperatorAreLeftOut() throws {
    var builder = ModelBuilder.control()
    builder.subgraphs[2].operators[0][3] = .int8(92)
    // Both indices are then 0, which is the subgraph that leads here.
    let error = try #require(throws: ModelError.self) { try Model(bytes: builder.bytes()) }
    #expect(error.kind == .malformed)
  }
}

func bytes(_ stored: SharedBytes?) -> [UInt8] {
  guard let stored else { return [] }
  return Array(UnsafeRawBufferPointer(start: stored.baseAddress, count: stored.count))
}

func floats(_ tensor: GraphTensor) -> [Float] {
  let stored = bytes(tensor.constant?.bytes)
  return stored.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
}
