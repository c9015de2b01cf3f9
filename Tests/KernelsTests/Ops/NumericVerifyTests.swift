import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct NumericVerifyTests {
  private func compare(
    _ x: TestTensor, _ reference: [Float], tolerance: Double = 5, fails: Bool = false
  ) throws -> TestTensor {
    try run(
      NumericVerify(options: .flexBuffer(["tolerance": .float(tolerance), "log_if_failed": .bool(fails)])),
      [x, TestTensor(reference, x.type.shape.dimensions)], outputs: [(.float32, .none)], threads: 2)[0]
  }

  @Test(arguments: [0, 1, 3, 4, 5, 11, 70]) func subtracts(count: Int) throws {
    var generator = SeededGenerator(seed: 6)
    let reference = generator.floats(count, in: -3...3)
    func check<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, zeroPoint: Int) throws {
      let x: [T] = generator.integers(count, in: T.min...T.max)
      let result = try compare(
        TestTensor(x, quantization: .perTensor(scale: 0.03, zeroPoint: zeroPoint)), reference)
      #expect(
        result.floats == zip(x, reference).map { Float(Double(0.03 as Float) * Double(Int($0) - zeroPoint)) - $1 })
    }
    try check(Int8.self, zeroPoint: -5)
    try check(UInt8.self, zeroPoint: 130)
    try check(Int16.self, zeroPoint: 0)
    let halves = generator.floats(count).map { Float16($0) }
    #expect(try compare(TestTensor(halves), reference).floats == zip(halves, reference).map { Float($0) - $1 })
  }

  @Test func takesScalesAlongADimension() throws {
    let x = try TestTensor(
      [1, 2, 3, 4, 5, 6, 7, 8] as [Int8], [2, 2, 2],
      quantization: .perChannel(scales: [1, 10], zeroPoints: [0, 1], axis: 1))
    #expect(try compare(x, [Float](repeating: 0, count: 8)).floats == [1, 2, 20, 30, 5, 6, 60, 70])
  }

  @Test func failsAboveTheTolerance() throws {
    let x = try TestTensor([10, 20] as [Int8], quantization: .perTensor(scale: 0.5, zeroPoint: 0))
    #expect(try compare(x, [5, 9], tolerance: 2, fails: true).floats == [0, 1])
    #expect(throws: OperatorError.self) { try compare(x, [5, 9], tolerance: 1.9, fails: true) }
    #expect(try compare(x, [5, 0], tolerance: 2).floats == [0, 10])
    #expect(try compare(x, [5, 0], tolerance: 0.05, fails: true).floats == [0, 10])
    #expect(try compare(x, [.nan, 10], tolerance: 2, fails: true).floats[0].isNaN)
  }

  @Test func refusesWhatDoesNotFit() throws {
    #expect(throws: OperatorError.self) { try compare(TestTensor([1] as [Int8]), [1]) }
    #expect(throws: OperatorError.self) { try compare(TestTensor([1] as [Int32]), [1]) }
    #expect(throws: OperatorError.self) {
      try compare(
        TestTensor([1, 2] as [Int8], quantization: .perChannel(scales: [1], zeroPoints: [0], axis: 0)), [1, 2])
    }
    let x = try TestTensor([1] as [Int8], quantization: .perTensor(scale: 1, zeroPoint: 0))
    #expect(throws: OperatorError.self) {
      try run(NumericVerify(options: .defaults), [x, TestTensor([1, 2] as [Float])], outputs: [(.float32, .none)])
    }
    #expect(throws: OperatorError.self) {
      try run(NumericVerify(options: .defaults), [x, TestTensor([1] as [Int32])], outputs: [(.float32, .none)])
    }
    #expect(throws: OperatorError.self) { try NumericVerify(options: .custom([0])) }
  }
}
