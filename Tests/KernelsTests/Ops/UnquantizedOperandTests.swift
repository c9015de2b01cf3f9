import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Operands that would need a scale and have none, or one of an unexpected type.
@Suite struct UnquantizedOperandTests {
  @Test(arguments: [0, 1, 15, 16, 17, 35]) func productsWithoutScaleAreZero(count: Int) throws {
    var generator = SeededGenerator(seed: 20)
    let a = generator.integers(count, in: Int8.min...Int8.max)
    let b = generator.integers(count, in: Int8.min...Int8.max)
    let result = try run(Mul(options: .defaults), [TestTensor(a), TestTensor(b)], outputs: [(.int8, .none)])
    #expect(result[0].values(Int8.self) == [Int8](repeating: 0, count: count))
    let c = a.map { UInt8(bitPattern: $0) }
    let bytes = try run(Mul(options: .defaults), [TestTensor(c), TestTensor(c)], outputs: [(.uint8, .none)])
    #expect(bytes[0].values(UInt8.self) == [UInt8](repeating: 0, count: count))
  }

  @Test func quotientsWithoutScaleAreZeroOrOne() throws {
    let a = try TestTensor([5, -19, -24, 0, 37, -2] as [Int8])
    let b = try TestTensor([3, 3, 4, 2, 4, 1] as [Int8])
    let result = try run(Div(options: .defaults), [a, b], outputs: [(.int8, .none)])
    #expect(result[0].values(Int8.self) == [0, 0, 0, 1, 0, 0])
    expectRefusal(try Div(options: .defaults), [a, try TestTensor([0] as [Int8])], outputs: [(.int8, .none)])
  }

  @Test func activationsNeedAScale() throws {
    let a = try TestTensor([5] as [Int8])
    let options = try OperatorOptions.table([0: .int8(1)])
    expectRefusal(try Mul(options: options), [a, a], outputs: [(.int8, .none)])
    expectRefusal(try Div(options: options), [a, a], outputs: [(.int8, .none)])
  }

  @Test func slopesOfTwoBytesAreTakenByteByByte() throws {
    let unit = Quantization.perTensor(scale: 1, zeroPoint: 0)
    let x = try TestTensor([-10, -10, -10, 5] as [Int16], [2, 2], quantization: unit)
    let slopes = try TestTensor([0x0302, 0x0504] as [Int16], [2, 1], quantization: unit)
    let result = try run(Prelu(options: .defaults), [x, slopes], outputs: [(.int16, unit)])
    #expect(result[0].values(Int16.self) == [-20, -20, -30, 5])
  }
}
