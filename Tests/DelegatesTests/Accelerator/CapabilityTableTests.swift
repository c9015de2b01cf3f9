import ModelTestSupport
import TFLiteRuntime
import TensorTypes
import Testing

@testable import Delegates

/// The tables themselves, and the old Hexagon library's rules.
@Suite struct CapabilityTableTests {
  @Test func everyOperatorHasOneRow() {
    #expect(Set(CapabilityTable.rows.map(\.builtin)).count == CapabilityTable.rows.count)
    #expect(Set(LegacyCapabilityTable.rows.map(\.builtin)).count == LegacyCapabilityTable.rows.count)
    #expect(CapabilityTable.rows.count > 80)
  }

  @Test func noDatatypeIsListedTwiceInARow() {
    for row in CapabilityTable.rows + LegacyCapabilityTable.rows {
      var seen: Datatypes = []
      for ranked in row.data {
        #expect(seen.isDisjoint(with: ranked.types), "\(row.builtin.name)")
        seen.formUnion(ranked.types)
      }
    }
  }

  /// CONV_2D on `int8` with these strides, as quantised models have it.
  private func convolution(stride: Int32, dilation: Int32 = 1, version: Int32 = 3) throws -> Model {
    var model = ModelBuilder()
    let code = model.code(3, version: version)
    let weights = model.buffer([UInt8](repeating: 1, count: 2 * 3 * 3 * 2))
    let zeros = model.buffer([UInt8](repeating: 0, count: 8))
    let quantization: ModelBuilder.Table = [4: .table([2: .floats([0.5]), 3: .int64s([0])])]
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor([1, 12, 12, 2], type: 9, name: "x", quantization)
    let w = graph.tensor([2, 3, 3, 2], type: 9, buffer: weights, name: "w", quantization)
    let b = graph.tensor([2], type: 2, buffer: zeros, name: "b", [4: .table([2: .floats([0.25]), 3: .int64s([0])])])
    let size = (12 + stride - 1) / stride
    let y = graph.tensor([1, size, size, 2], type: 9, name: "y", quantization)
    graph.node(
      code, [x, w, b], [y],
      [3: .int8(1), 4: .table([1: .int32(stride), 2: .int32(stride), 4: .int32(dilation), 5: .int32(dilation)])])
    graph.inputs = [x]
    graph.outputs = [y]
    model.subgraphs = [graph]
    return try Model(bytes: model.bytes())
  }

  private func refusal(_ model: Model, _ device: String) throws -> String? {
    let profile = try #require(DeviceProfile.named(device))
    return AcceleratorAssessment(model, options: AcceleratorOptions(device: profile)).subgraphs[0].operators[0].refusal
  }

  @Test func theOldLibraryHasItsOwnLimits() throws {
    for stride: Int32 in [1, 2, 3] { #expect(try refusal(convolution(stride: stride), "dsp") == nil) }
    let wide = try convolution(stride: 4)
    #expect(try refusal(wide, "dsp")?.contains("stride is 4") == true)
    #expect(try refusal(wide, "SM8650") == nil)
    #expect(try refusal(convolution(stride: 1, dilation: 2), "dsp")?.contains("dilation is 2") == true)
    #expect(try refusal(convolution(stride: 1, version: 5), "dsp")?.contains("version 5") == true)
    let floats = try AcceleratorModels.load(AcceleratorModels.chain([AcceleratorModels.relu]))
    #expect(try refusal(floats, "dsp") == "Hexagon NN RELU has no kernel for float32")
  }

  /// An operator on quantised `int8`, whose other inputs are `int32`.
  private func operation(
    _ builtin: Int32, version: Int32 = 1, _ inputs: [(shape: [Int32], isInt8: Bool, isConstant: Bool)], output: [Int32],
    _ options: ModelBuilder.Table = [:]
  ) throws -> Model {
    var model = ModelBuilder()
    let code = model.code(builtin, version: version)
    let quantization: ModelBuilder.Table = [4: .table([2: .floats([0.5]), 3: .int64s([0])])]
    var graph = ModelBuilder.Subgraph()
    var operands: [Int32] = []
    for (number, input) in inputs.enumerated() {
      let count = input.shape.reduce(input.isInt8 ? 1 : 4) { $0 * Int($1) }
      let buffer = input.isConstant ? model.buffer([UInt8](repeating: 1, count: count)) : 0
      let tensor = graph.tensor(
        input.shape, type: input.isInt8 ? 9 : 2, buffer: buffer, name: "x\(number)", input.isInt8 ? quantization : [:])
      operands.append(tensor)
      if !input.isConstant { graph.inputs.append(tensor) }
    }
    let y = graph.tensor(output, type: 9, name: "y", quantization)
    graph.node(code, operands, [y], options)
    graph.outputs = [y]
    model.subgraphs = [graph]
    return try Model(bytes: model.bytes())
  }

  @Test func theOldLibraryHasLimitsOfEachOperator() throws {
    func expect(_ model: Model, _ reason: String?, sourceLocation: SourceLocation = #_sourceLocation) throws {
      let refusal = try refusal(model, "dsp")
      if let reason {
        #expect(refusal?.contains(reason) == true, "\(refusal ?? "taken")", sourceLocation: sourceLocation)
      } else {
        #expect(refusal == nil, sourceLocation: sourceLocation)
      }
    }
    let image = (shape: [1, 8, 8, 2] as [Int32], isInt8: true, isConstant: false)
    let size = (shape: [2] as [Int32], isInt8: false, isConstant: true)
    try expect(operation(23, [image, size], output: [1, 65, 65, 2]), nil)
    try expect(operation(23, [image, size], output: [1, 65, 66, 2]), "65 is the largest")
    try expect(operation(74, [image, size], output: [1, 2]), "has no kernel in the old Hexagon library")
    try expect(operation(19, version: 2, [image], output: [1, 8, 8, 2]), nil)
    let deep = (shape: [1, 1, 8, 8, 2] as [Int32], isInt8: true, isConstant: false)
    #expect(try refusal(operation(19, version: 2, [deep], output: [1, 1, 8, 8, 2]), "dsp") != nil)
    let row = (shape: [1, 8] as [Int32], isInt8: true, isConstant: false)
    let weights = (shape: [4, 8] as [Int32], isInt8: true, isConstant: true)
    for isConstant in [true, false] {
      let bias = (shape: [4] as [Int32], isInt8: false, isConstant: isConstant)
      try expect(operation(9, [row, weights, bias], output: [1, 4]), isConstant ? nil : "a computed bias")
    }
    let paddings = (shape: [4, 2] as [Int32], isInt8: false, isConstant: false)
    #expect(try refusal(operation(34, [image, paddings], output: [1, 8, 8, 2]), "dsp") != nil)
    for height: Int32 in [1, 2] {
      let filter = (shape: [1, height, 2, 2] as [Int32], isInt8: true, isConstant: true)
      let options: ModelBuilder.Table = [
        3: .int8(2), 4: .table([1: .int32(1), 2: .int32(1), 3: .int32(1)]),
      ]
      try expect(
        operation(4, [image, filter], output: [1, 8, 8, 2], options), height == 1 ? "a filter of height 1" : nil)
    }
  }

  @Test func sixteenBitWeightsNeedANewerChip() {
    let rules = WeightRules.convolution2D
    let combination = rules.combinations.filter { $0.perTensor.contains(.i16q) }
    #expect(combination.map(\.minimum) == [.v73])
  }
}
