import Glibc
import KernelTestSupport
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

  /// An operator with nothing to do.
  private static let nothing = OperatorWork(matrixProducts: 0, vectorBytes: 0, constantBytes: 0, matrixSlowdown: 1)

  private func seconds(
    _ operators: [(work: OperatorWork, liveBytes: Double)], boundaryBytes: Double = 1e5,
    _ options: AcceleratorOptions = AcceleratorOptions()
  ) -> Double {
    AcceleratorEstimate(operators: operators, boundaryBytes: boundaryBytes, options: options).seconds
  }

  /// More of anything never takes less time, and by itself takes more where it is what the time goes into.
  @Test(arguments: DeviceProfile.all) func moreTakesLonger(device: DeviceProfile) {
    var random = SeededGenerator(seed: 1)
    let options = AcceleratorOptions(device: device)
    let amounts: [WritableKeyPath<OperatorWork, Double>] = [
      \.matrixProducts, \.vectorBytes, \.constantBytes, \.matrixSlowdown,
    ]
    for _ in 0..<100 {
      var work = Self.nothing
      for amount in amounts { work[keyPath: amount] = pow(10, Double.random(in: 0...9, using: &random)) }
      let live = pow(10, Double.random(in: 0...8, using: &random))
      let one = seconds([(work, live)], options)
      for amount in amounts {
        var more = work
        more[keyPath: amount] *= 1.5
        #expect(seconds([(more, live)], options) >= one)
      }
      #expect(seconds([(work, live * 2)], options) >= one)
      #expect(seconds([(work, live)], boundaryBytes: 2e5, options) > one)
      #expect(seconds([(work, live), (Self.nothing, 0)], options) > one)
    }
    let idle = seconds([(Self.nothing, 0)], options)
    for amount in amounts.dropLast() {
      var work = Self.nothing
      work[keyPath: amount] = 1e9
      #expect(seconds([(work, 0)], options) > idle)
    }
    #expect(seconds([(Self.nothing, Double(device.vectorMemoryBytes) + 1e6)], options) > idle)
    #expect(seconds([(Self.nothing, Double(device.vectorMemoryBytes))], options) == idle)
  }

  /// A newer chip of the same class, a faster mode and more vector threads never take longer.
  @Test func fasterHardwareTakesNoLonger() throws {
    let work = [
      (work: OperatorWork(matrixProducts: 1e9, vectorBytes: 1e7, constantBytes: 1e6, matrixSlowdown: 2), liveBytes: 1e7)
    ]
    let chips = try ["dsp", "SM8350", "SM8450", "SM8550", "SM8650", "SM8750"].map { name in
      seconds(work, AcceleratorOptions(device: try #require(DeviceProfile.named(name))))
    }
    #expect(chips == chips.sorted(by: >) && Set(chips).count == chips.count)
    let modes: [AcceleratorOptions.PerformanceMode] = [
      .extremePowerSaver, .lowPowerSaver, .powerSaver, .highPowerSaver, .lowBalanced, .balanced, .highPerformance,
      .burst,
    ]
    let times = modes.map { mode in
      var options = AcceleratorOptions()
      options.performanceMode = mode
      return seconds(work, options)
    }
    #expect(times == times.sorted(by: >) && Set(times).count == times.count)
    let vector = [
      (work: OperatorWork(matrixProducts: 0, vectorBytes: 1e9, constantBytes: 0, matrixSlowdown: 1), liveBytes: 0.0)
    ]
    let threads = (1...4).map { count in
      var options = AcceleratorOptions()
      options.vectorThreads = count
      return seconds(vector, options)
    }
    #expect(threads == threads.sorted(by: >))
  }

  /// What was read from compiled context binaries, and the size of what is published of int8 throughput.
  @Test func figuresAreThoseOfTheDocumentation() throws {
    let known: [(String, Architecture, Int, Int)] = [
      ("SM8350", .v68, 4, 4), ("SM8450", .v69, 8, 4), ("SM8550", .v73, 8, 4), ("SM8650", .v75, 8, 4),
      ("SM8750", .v79, 8, 6), ("SM7550", .v73, 2, 2),
    ]
    for (name, architecture, megabytes, threads) in known {
      let device = try #require(DeviceProfile.named(name))
      #expect(device.architecture == architecture && device.vectorMemoryBytes == megabytes << 20)
      #expect(device.vectorThreads == threads)
      let costs = DeviceCosts.of(device)
      #expect((20e12...55e12).contains(2 * costs.clock * costs.matrixProductsPerCycle), "\(name)")
    }
  }
}
