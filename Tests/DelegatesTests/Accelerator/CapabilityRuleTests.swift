import ModelTestSupport
import TFLiteRuntime
import TensorTypes
import Testing

@testable import Delegates

/// Rules that depend on more than datatype and rank of one operand.
@Suite struct CapabilityRuleTests {
  /// The verdict on one operator; constants are `int32`.
  private func assess(
    _ code: Int32, _ inputs: [(shape: [Int32], type: Int8, constant: [Int32]?)],
    output: (shape: [Int32], type: Int8), options: (type: Int8, table: ModelBuilder.Table)? = nil
  ) throws -> AcceleratorAssessment {
    var model = ModelBuilder()
    let operation = model.code(code)
    var graph = ModelBuilder.Subgraph()
    /// Quantised like any other tensor of the type, where it is an integer below 32 bits.
    func quantization(_ type: Int8) -> ModelBuilder.Table {
      [3, 7, 9, 17].contains(type) ? [4: .table([2: .floats([0.5]), 3: .int64s([0])])] : [:]
    }
    var operands: [Int32] = []
    for (index, input) in inputs.enumerated() {
      var buffer: UInt32 = 0
      if let constant = input.constant {
        let wide = input.type == 4
        buffer = model.buffer(
          constant.flatMap { value in
            wide ? withUnsafeBytes(of: Int64(value)) { Array($0) } : withUnsafeBytes(of: value) { Array($0) }
          })
      }
      operands.append(
        graph.tensor(input.shape, type: input.type, buffer: buffer, name: "x\(index)", quantization(input.type)))
    }
    let y = graph.tensor(output.shape, type: output.type, name: "y", quantization(output.type))
    var more: ModelBuilder.Table = [:]
    if let options { more = [3: .int8(options.type), 4: .table(options.table)] }
    graph.node(operation, operands, [y], more)
    graph.inputs = zip(operands, inputs).filter { $0.1.constant == nil }.map(\.0)
    graph.outputs = [y]
    model.subgraphs = [graph]
    return AcceleratorAssessment(try Model(bytes: model.bytes()))
  }

  private func isTaken(_ assessment: AcceleratorAssessment) -> Bool {
    assessment.subgraphs[0].operators[0].refusal == nil
  }

  /// Of five dimensions a maximum takes the first two as one; other reductions do not.
  @Test func maximaOfFiveDimensions() throws {
    func reduce(_ code: Int32, _ axes: [Int32], _ output: [Int32]) throws -> Bool {
      isTaken(
        try assess(
          code, [([2, 3, 2, 2, 4], 0, nil), ([Int32(axes.count)], 2, axes)], output: (output, 0),
          options: (27, [0: .bool(false)])))
    }
    let maximum: Int32 = 82
    #expect(try !reduce(maximum, [1, 3], [2, 2, 4]))
    #expect(try !reduce(maximum, [0], [3, 2, 2, 4]))
    #expect(try !reduce(maximum, [-4], [2, 2, 2, 4]))
    #expect(try reduce(maximum, [0, 1], [2, 2, 4]))
    #expect(try reduce(maximum, [4], [2, 3, 2, 2]))
    #expect(try reduce(maximum, [-1, 2], [2, 3, 2]))
    for sum: Int32 in [40, 74] { #expect(try reduce(sum, [1, 3], [2, 2, 4])) }
    let four = try assess(
      maximum, [([2, 3, 2, 2], 0, nil), ([2], 2, [1, 3])], output: ([2, 2], 0), options: (27, [0: .bool(false)]))
    #expect(isTaken(four))
  }

  @Test func selectionsHaveFiveDimensions() throws {
    func select(_ shape: [Int32]) throws -> Bool {
      isTaken(try assess(64, [([1], 6, nil), (shape, 0, nil), (shape, 0, nil)], output: (shape, 0)))
    }
    #expect(try select([1, 2, 1, 2, 2]))
    #expect(try !select([1, 1, 2, 1, 2, 2]))
  }

  @Test func updatesOfNarrowIntegers() throws {
    for type: Int8 in [0, 9, 17] {
      let update = try assess(
        151, [([1, 4, 2, 8], type, nil), ([1, 1, 2, 8], type, nil), ([4], 2, nil)], output: ([1, 4, 2, 8], type))
      #expect(isTaken(update), "\(update.subgraphs[0].operators[0].refusal ?? "")")
    }
  }

  /// Where the compiler ends, nothing of the model is delegated.
  @Test func whatEndsTheCompiler() throws {
    func scatter(_ type: Int8) throws -> AcceleratorAssessment {
      try assess(
        122, [([2, 1], 2, nil), ([2, 3], 0, nil), ([2], type, [4, 3])], output: ([4, 3], 0))
    }
    #expect(try isTaken(scatter(2)))
    #expect(try scatter(2).failure == nil)
    #expect(try scatter(4).failure?.contains("the compiler ends") == true)
  }
}
