import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct Atan2Tests {
  @Test(arguments: [0, 1, 3, 4, 5, 11, 2053]) func givesAngles(count: Int) throws {
    var generator = SeededGenerator(seed: 1)
    let y = generator.floats(count, in: -3...3)
    let x = generator.floats(count, in: -3...3)
    let result = try run(Atan2(options: .defaults), [TestTensor(y), TestTensor(x)], outputs: [(.float32, .none)])
    expectClose(result[0].floats, zip(y, x).map { Float(atan2(Double($0), Double($1))) })
    let wide = try run(
      Atan2(options: .defaults), [TestTensor(y.map { Double($0) }), TestTensor(x.map { Double($0) })],
      outputs: [(.float64, .none)])
    #expect(wide[0].values(Double.self) == zip(y, x).map { atan2(Double($0), Double($1)) })
    let half = try run(
      Atan2(options: .defaults), [TestTensor(y.map { Float16($0) }), TestTensor(x.map { Float16($0) })],
      outputs: [(.float16, .none)])
    let expected = zip(y, x).map { Float(Float16(atan2(Double(Float16($0)), Double(Float16($1))))) }
    expectClose(half[0].values(Float16.self).map { Float($0) }, expected, tolerance: 1e-3)
  }

  @Test func knowsQuadrantsAndSigns() throws {
    let y: [Float] = [0, -0.0, 0, -0.0, 1, -1, .infinity, .nan, 1]
    let x: [Float] = [1, 1, -1, -1, 0, 0, .infinity, 1, .nan]
    let pi = Float.pi
    let result = try run(Atan2(options: .defaults), [TestTensor(y), TestTensor(x)], outputs: [(.float32, .none)])
    expectClose(result[0].floats, [0, -0.0, pi, -pi, pi / 2, -pi / 2, pi / 4, .nan, .nan])
    #expect(result[0].floats[1].sign == .minus)
  }

  @Test func takesBFloat16() throws {
    let y = try TestTensor([0x3F80, 0xBF80] as [UInt16], [2], element: .bfloat16)  // 1, -1
    let x = try TestTensor([0x3F80, 0xBF80] as [UInt16], [2], element: .bfloat16)
    let result = try run(Atan2(options: .defaults), [y, x], outputs: [(.bfloat16, .none)])
    #expect(result[0].values(UInt16.self) == [0x3F49, 0xC017])  // 0.785, -2.359
  }

  @Test func refusesWhatItCannotTake() throws {
    let four = try TestTensor([1, 2, 3, 4] as [Float])
    expectRefusal(Atan2(options: .defaults), [four, try TestTensor([1] as [Float])], outputs: [(.float32, .none)])
    expectRefusal(Atan2(options: .defaults), [four], outputs: [(.float32, .none)])
    expectRefusal(Atan2(options: .defaults), [four, nil], outputs: [(.float32, .none)])
    let integers = try TestTensor([1, 2, 3, 4] as [Int32])
    expectRefusal(Atan2(options: .defaults), [integers, integers], outputs: [(.int32, .none)])
    expectRefusal(Atan2(options: .defaults), [four, integers], outputs: [(.float32, .none)])
  }
}
