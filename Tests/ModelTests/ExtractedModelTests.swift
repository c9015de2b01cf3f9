import FlatBuffers
import Foundation
import Kernels
import ModelTestSupport
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// Models of some operators of a model.
@Suite struct ExtractedModelTests {
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures").path

  private static var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: fixtures)) ?? []).filter { $0.hasSuffix(".tflite") }.sorted()
  }

  /// Everything that loading told about a node and its tensors but their indices.
  private func describe(_ model: Model, _ subgraph: Int, _ node: Node) -> [String] {
    let graph = model.subgraphs[subgraph]
    func tensor(_ id: TensorID?) -> String {
      guard let id else { return "none" }
      let tensor = graph[id]
      let bytes =
        tensor.constant.map {
          "\(Array(UnsafeRawBufferPointer(start: $0.bytes.baseAddress, count: $0.bytes.count)).hashValue)"
        } ?? "computed"
      return "\(tensor.name) \(tensor.type) \(tensor.shapeSignature ?? []) \(bytes) \(tensor.isVariable)"
    }
    var options: [Int8] = []
    for slot in 0..<8 { options.append((try? node.options.int8(slot)) ?? -77) }
    return ["\(node.identity) v\(node.version) \(options)"] + node.inputs.map(tensor) + node.outputs.map { tensor($0) }
      + node.intermediates.map { tensor($0) }
  }

  @Test(arguments: names) func `every operator alone, and all together`(_ name: String) throws {
    let model = try Model(contentsOf: Self.fixtures + "/" + name)
    for (subgraph, graph) in model.subgraphs.enumerated() where !graph.nodes.isEmpty {
      var sets = [Array(graph.nodes.indices)]
      sets += graph.nodes.indices.map { [$0] }
      for operators in sets {
        let extracted: ExtractedModel
        do throws(ModelError) { extracted = try model.extracting(operators, of: subgraph) } catch {
          #expect(error.kind == .unsupported)
          continue
        }
        let part = try Model(bytes: extracted.bytes)
        #expect(part.subgraphs[0].nodes.count == operators.count)
        #expect(part.subgraphs[0].inputs.map { part.subgraphs[0][$0].name } == extracted.inputs.map { graph[$0].name })
        #expect(
          part.subgraphs[0].outputs.map { part.subgraphs[0][$0].name } == extracted.outputs.map { graph[$0].name })
        for (position, index) in operators.enumerated() {
          #expect(
            describe(part, 0, part.subgraphs[0].nodes[position]) == describe(model, subgraph, graph.nodes[index]))
        }
        let again = try part.extracting(Array(operators.indices), of: 0)
        #expect(try Model(bytes: again.bytes).subgraphs[0].nodes.count == operators.count)
      }
    }
  }

  @Test func `constants of all kinds come along`() throws {
    let model = try Model(bytes: ModelBuilder.constants().bytes())
    let part = try Model(bytes: model.extracting([0], of: 0).bytes)
    let (graph, original) = (part.subgraphs[0], model.subgraphs[0])
    #expect(describe(part, 0, graph.nodes[0]) == describe(model, 0, original.nodes[0]))
    // The tensor with the scales is no operand, and yet needed.
    #expect(graph.tensors.contains { $0.name == "scales" })
    #expect(
      graph.tensors.first { $0.name == "sparse" }?.sparsity == original.tensors.first { $0.name == "sparse" }?.sparsity)
    #expect(graph.inputs.map { graph[$0].name } == ["x"])
  }

  @Test func `called subgraphs come along`() throws {
    let model = try Model(bytes: ModelBuilder.control().bytes())
    let part = try Model(bytes: model.extracting([0], of: 0).bytes)
    #expect(part.subgraphs.map(\.nodes.count) == model.subgraphs.map(\.nodes.count))
    for flag in [true, false] {
      func run(_ model: Model) throws -> [Float]? {
        let interpreter = try Interpreter(model)
        try interpreter.setInput(0, [flag])
        try interpreter.setInput(1, [Float(-3)])
        try interpreter.invoke()
        return try interpreter.output(0).values()
      }
      #expect(try run(part) == run(model))
    }
    // The loop of subgraph 2 calls 3 and 4; nobody calls 1 and 2 any more.
    let loop = try Model(bytes: model.extracting([0], of: 2).bytes)
    #expect(loop.subgraphs.map(\.nodes.count) == [1, 0, 0, 1, 1])
    let interpreter = try Interpreter(loop)
    try interpreter.setInput(0, [Float(-3.5)])
    try interpreter.invoke()
    let result: [Float]? = try interpreter.output(0).values()
    #expect(try #require(result)[0] >= 1)
  }

  @Test func `boundaries are what others read`() throws {
    var builder = ModelBuilder.addRelu()
    builder.subgraphs[0].outputs = [2, 3]
    let model = try Model(bytes: builder.bytes())
    let all = try model.extracting([0, 1], of: 0)
    #expect(all.inputs == [TensorID(0)])
    #expect(all.outputs == [TensorID(2), TensorID(3)])
    let second = try model.extracting([1], of: 0, shapes: [TensorID(2): [5, 4]])
    #expect(second.inputs == [TensorID(2)])
    let part = try Model(bytes: second.bytes)
    #expect(part.subgraphs[0].tensors.map(\.name) == ["sum", "y"])
    #expect(part.subgraphs[0].tensors[0].type.shape.dimensions == [5, 4])
    #expect(part.metadata.map(\.name) == ["note"])
    #expect(part.description.hasPrefix("operators 1 of subgraph 0"))
  }

  @Test func `operators that there are not are an error`() throws {
    let model = try Model(bytes: ModelBuilder.addRelu().bytes())
    for (operators, subgraph) in [([], 0), ([2], 0), ([-1], 0), ([0], 1), ([0], -1)] as [([Int], Int)] {
      #expect(throws: ModelError.self) { try model.extracting(operators, of: subgraph) }
    }
  }
}
