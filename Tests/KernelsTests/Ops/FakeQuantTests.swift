import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct FakeQuantTests {
  private func operation(_ low: Float, _ high: Float, _ bits: Int32, narrow: Bool = false) throws -> FakeQuant {
    try FakeQuant(options: .table([0: .float(low), 1: .float(high), 2: .int32(bits), 3: .bool(narrow)]))
  }

  @Test(arguments: [0, 1, 3, 4, 5, 11, 1031]) func rounds(count: Int) throws {
    var generator = SeededGenerator(seed: 8)
    let x = generator.floats(count, in: -3...8)
    for (low, high, bits) in [(-1, 2, 8), (0, 6, 4), (2, 6, 2), (-6, -2, 16), (-0.3, 5, 7)] as [(Float, Float, Int32)] {
      let result = try run(try operation(low, high, bits), [TestTensor(x)], outputs: [(.float32, .none)])[0].floats
      let steps = Double((1 << bits) - 1)
      let scale = (Double(high) - Double(low)) / steps
      let zero = min(max(-Double(low) / scale, 0), steps).rounded(.toNearestOrAwayFromZero)
      for (value, actual) in zip(x, result) {
        // A whole number of steps from 0, and the nearest one; close to the middle of two either will do.
        let position = Double(actual) / scale
        #expect(abs(position - position.rounded()) < 0.01)
        let limited = min(max(Double(value), -zero * scale), (steps - zero) * scale)
        #expect(abs(Double(actual) - limited) <= 0.52 * scale)
      }
    }
  }

  @Test func roundsHalvesUp() throws {
    // Steps of 1 from 0 to 3.
    let result = try run(
      try operation(0, 3, 2), [TestTensor([0.5, 1.5, 2.5, 0.49999997, -1, 9] as [Float])],
      outputs: [(.float32, .none)])
    #expect(result[0].floats == [1, 2, 3, 0, 0, 3])
  }

  @Test func takesWhatIsNotFinite() throws {
    let result = try run(
      try operation(-1, 2, 2), [TestTensor([.nan, .infinity, -.infinity] as [Float])], outputs: [(.float32, .none)])
    #expect(result[0].floats == [-1, 2, -1])
  }

  @Test func refusesWhatItCannotTake() throws {
    let x = try TestTensor([1] as [Float])
    #expect(throws: OperatorError.self) { try operation(0, 1, 1) }
    #expect(throws: OperatorError.self) { try operation(0, 1, 17) }
    #expect(throws: OperatorError.self) { try operation(0, 1, -5) }
    #expect(throws: OperatorError.self) { try operation(1, 1, 8) }
    #expect(throws: OperatorError.self) { try operation(.nan, 1, 8) }
    #expect(throws: OperatorError.self) { try operation(-3e38, 3e38, 8) }
    expectRefusal(try operation(0, 1, 8, narrow: true), [x], outputs: [(.float32, .none)])
    expectRefusal(try operation(0, 1, 8), [try TestTensor([1] as [Int8])], outputs: [(.int8, .none)])
    #expect(throws: OperatorError.self) { try FakeQuant(options: .defaults) }
  }
}
