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

  @Test func sixteenBitWeightsNeedANewerChip() {
    let rules = WeightRules.convolution2D
    let combination = rules.combinations.filter { $0.perTensor.contains(.i16q) }
    #expect(combination.map(\.minimum) == [.v73])
  }
}
