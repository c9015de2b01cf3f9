import Delegates
import TFLiteRuntime
import TensorConversion
import TensorFiles
import TensorTypes
import Testing

/// Every fixture against LiteRT's reference kernels.
@Suite struct FixtureTests {
  @Test func fixturesAreThere() {
    #expect(Fixture.names.count >= 27)
    #expect(Fixture.rejected.count >= 7)
  }

  @Test(arguments: Fixture.names, [1, 2]) func builtinKernels(name: String, threads: Int) throws {
    try Fixture(name).check(options: .init(threads: threads), delegates: [], tolerance: Tolerance())
  }

  @Test(arguments: Fixture.names) func builtinKernelsWithoutSharedMemory(name: String) throws {
    try Fixture(name).check(options: .init(preservesIntermediates: true), delegates: [], tolerance: Tolerance())
  }

  @Test(arguments: Fixture.names) func builtinKernelsWithoutGraphPasses(name: String) throws {
    let compiler = GraphCompiler(foldsConstants: false, eliminatesDeadCode: false)
    try Fixture(name).check(options: .init(compiler: compiler), delegates: [], tolerance: Tolerance())
  }

  @Test(arguments: Fixture.names, [1, 2]) func xnnpack(name: String, threads: Int) throws {
    // The library quantises the activations of hybrid operators in its own way.
    let absolute: Float = name == "fully_connected_hybrid" ? 0.1 : 1e-5
    try Fixture(name).check(
      options: .init(threads: threads), delegates: [.xnnpack()], tolerance: Tolerance(steps: 1, absolute: absolute))
  }

  /// The signatures of a model are its subgraphs, in the order of the arrays' names.
  @Test(arguments: [("scale", ""), ("shift", "sig1_")]) func signatures(key: String, prefix: String) throws {
    let fixture = try Fixture("two_signatures")
    #expect(fixture.model.signatures.map(\.key) == ["scale", "shift"])
    for delegates in [[], [.xnnpack()]] as [[any Delegate]] {
      try fixture.check(
        signature: key, prefix: prefix, options: .init(), delegates: delegates, tolerance: Tolerance(steps: 1))
    }
  }

  @Test func dynamicBatchTakesEverySize() throws {
    let fixture = try Fixture("dynamic_batch")
    let input = try fixture.arrays.array(named: "in0")
    let output = try fixture.arrays.array(named: "out0")
    let (rows, width) = (input.shape[0], input.shape[1])
    let values = try #require(input.elements(as: Float.self))
    let expected = try #require(output.elements(as: Float.self))
    let outputWidth = expected.count / rows
    let interpreter = try Interpreter(fixture.model)
    let description = try #require(interpreter.inputs.first)
    #expect(description.shapeSignature == [-1, width])
    #expect(description.type.shape.dimensions == [1, width])
    // One, all, two, all at once but the first, none.
    for range in [0..<1, 0..<rows, 0..<2, 1..<rows, 0..<0, 0..<rows] {
      try interpreter.resizeInput(0, to: [range.count, width])
      try interpreter.setInput(0, Array(values[range.lowerBound * width..<range.upperBound * width]))
      try interpreter.invoke()
      let actual = try interpreter.output(0)
      #expect(actual.type.shape.dimensions == [range.count] + output.shape.dropFirst())
      let wanted = expected[range.lowerBound * outputWidth..<range.upperBound * outputWidth]
      let result = try #require(actual.values(as: Float.self))
      #expect(result.count == wanted.count)
      #expect(zip(result, wanted).allSatisfy { abs($0 - $1) <= 1e-5 })
    }
  }
}
