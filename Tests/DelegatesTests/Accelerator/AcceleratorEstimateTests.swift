import ModelTestSupport
import TFLiteRuntime
import Testing

@testable import Delegates

/// The estimate moves the way the parts of the model say.
@Suite struct AcceleratorEstimateTests {
  /// A fully connected layer of `inputs` to `outputs`, float32.
  private func layer(inputs: Int, outputs: Int, batch: Int = 1) throws -> Model {
    var model = ModelBuilder()
    let code = model.code(9)
    let weights = model.buffer([UInt8](repeating: 0, count: inputs * outputs * 4))
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor([Int32(batch), Int32(inputs)], name: "x")
    let w = graph.tensor([Int32(outputs), Int32(inputs)], buffer: weights, name: "w")
    let y = graph.tensor([Int32(batch), Int32(outputs)], name: "y")
    graph.node(code, [x, w, -1], [y], [3: .int8(8), 4: .table([0: .int8(0)])])
    graph.inputs = [x]
    graph.outputs = [y]
    model.subgraphs = [graph]
    return try Model(bytes: model.bytes())
  }

  private func estimate(_ model: Model, _ change: (inout AcceleratorOptions) -> Void = { _ in }) throws
    -> AcceleratorEstimate
  {
    var options = AcceleratorOptions()
    change(&options)
    let assessment = AcceleratorAssessment(model, options: options)
    #expect(assessment.subgraphs[0].partitions.count == 1)
    return assessment.estimate
  }

  @Test func constantsComeFromMemoryAsFloat16() throws {
    let small = try estimate(layer(inputs: 64, outputs: 64))
    let large = try estimate(layer(inputs: 1024, outputs: 512))
    let bandwidth = DeviceCosts.of(.default).memoryBandwidth
    #expect(abs(large.memorySeconds - 2 * 1024 * 512 / bandwidth) < 1e-12)
    #expect(large.seconds > small.seconds && large.matrixSeconds > small.matrixSeconds)
  }

  @Test func channelsFillTiles() throws {
    let full = try estimate(layer(inputs: 64, outputs: 64))
    let wasteful = try estimate(layer(inputs: 33, outputs: 33))
    #expect(full.matrixSeconds == wasteful.matrixSeconds)
  }

  @Test func whatDoesNotFitIsSpilled() throws {
    let model = try layer(inputs: 256, outputs: 256, batch: 4096)
    #expect(try estimate(model).spilledBytes == 0)
    let small = try estimate(model) { $0.vectorMemoryMegabytes = 1 }
    #expect(small.spilledBytes > 0 && small.memorySeconds > 0)
  }

  @Test func modesChangeTheClock() throws {
    let model = try layer(inputs: 512, outputs: 512)
    let burst = try estimate(model) { $0.performanceMode = .burst }
    let saver = try estimate(model) { $0.performanceMode = .extremePowerSaver }
    #expect(abs(saver.matrixSeconds / burst.matrixSeconds - 5) < 1e-9)
    #expect(saver.seconds > burst.seconds)
  }

  @Test func everyPartitionIsACall() throws {
    let one = AcceleratorAssessment(try AcceleratorModels.load(AcceleratorModels.chain([101, 19])))
    let two = AcceleratorAssessment(try AcceleratorModels.load(AcceleratorModels.chain([101, 93, 19])))
    #expect(one.subgraphs[0].partitions.count == 1 && two.subgraphs[0].partitions.count == 2)
    #expect(abs(two.estimate.callSeconds - 2 * one.estimate.callSeconds) < 1e-12)
  }

  @Test(arguments: DeviceProfile.all) func isFiniteOnEveryDevice(device: DeviceProfile) throws {
    let assessment = AcceleratorAssessment(
      try layer(inputs: 512, outputs: 512), options: AcceleratorOptions(device: device))
    #expect(assessment.estimate.seconds.isFinite && assessment.estimate.seconds >= 0)
    #expect(DeviceProfile.named(device.name.lowercased()) == device)
  }
}
