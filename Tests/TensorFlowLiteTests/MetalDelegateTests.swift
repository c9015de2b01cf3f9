import Testing

import struct TFLiteRuntime.ModelError

@testable import TensorFlowLite

// Without Metal and Core ML: the types are there, and programs that use them run on the processor.

@Suite struct MetalDelegateTests {
  @Test func defaults() {
    let delegate = MetalDelegate()
    #expect(!delegate.options.isPrecisionLossAllowed)
    #expect(delegate.options.waitType == .passive)
    #expect(delegate.options.isQuantizationEnabled)
  }

  @Test func customOptions() {
    var options = MetalDelegate.Options()
    options.isPrecisionLossAllowed = true
    options.waitType = .active
    let delegate = MetalDelegate(options: options)
    #expect(delegate.options.isPrecisionLossAllowed)
    #expect(delegate.options.waitType == .active)
  }

  @Test func interpreterWithDelegate() throws {
    let interpreter = try Interpreter(modelPath: ModelFile.multiAdd.path, delegates: [MetalDelegate()])
    #expect(interpreter.delegates?.count == 1)
    #expect(interpreter.options == nil)
    try interpreter.allocateTensors()
    try interpreter.invoke()
    #expect(interpreter.placement.operators.map(\.delegate) == ["builtin", "builtin", "builtin"])
    #expect(interpreter.placement.operators.allSatisfy { $0.reason.contains("there is no Metal") })
  }

  @Test func interpreterWithOptionsAndDelegate() throws {
    var options = Interpreter.Options()
    options.threadCount = 1
    let interpreter = try Interpreter(
      modelPath: ModelFile.multiAdd.path, options: options, delegates: [MetalDelegate()])
    #expect(interpreter.options != nil)
    #expect(interpreter.delegates?.count == 1)
  }

  @Test func coreMLIsNotThere() {
    #expect(CoreMLDelegate() == nil)
    var options = CoreMLDelegate.Options()
    #expect(options.enabledDevices == .neuralEngine)
    #expect(options.coreMLVersion == 0)
    #expect(options.maxDelegatedPartitions == 0)
    #expect(options.minNodesPerPartition == 2)
    options.enabledDevices = .all
    #expect(CoreMLDelegate(options: options) == nil)
  }
}

@Suite struct MetalDelegateOptionsTests {
  @Test func defaults() {
    let options = MetalDelegate.Options()
    #expect(!options.isPrecisionLossAllowed)
    #expect(options.waitType == .passive)
  }

  @Test func customValues() {
    var options = MetalDelegate.Options()
    options.isPrecisionLossAllowed = true
    options.waitType = .active
    #expect(options.isPrecisionLossAllowed)
    #expect(options.waitType == .active)
  }

  @Test func equality() {
    var (a, b) = (MetalDelegate.Options(), MetalDelegate.Options())
    #expect(a == b)
    a.isPrecisionLossAllowed = true
    b.isPrecisionLossAllowed = true
    a.waitType = .none
    b.waitType = .none
    #expect(a == b)
    b.isPrecisionLossAllowed = false
    #expect(a != b)
    a.isPrecisionLossAllowed = false
    a.waitType = .aggressive
    #expect(a != b)
  }
}
