import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct BitcastTests {
  @Test func keepsBytes() throws {
    let x = try TestTensor([1, -2, .nan, .infinity] as [Float], [2, 2])
    let integers = try run(Bitcast(options: .defaults), [x], outputs: [(.uint32, .none)])
    #expect(integers[0].bytes == x.bytes)
    #expect(integers[0].type.shape.dimensions == [2, 2])
    let bytes = try run(Bitcast(options: .defaults), [x], outputs: [(.uint8, .none)])
    #expect(bytes[0].bytes == x.bytes)
    #expect(bytes[0].type.shape.dimensions == [2, 2, 4])
    let wide = try run(Bitcast(options: .defaults), [x], outputs: [(.float64, .none)])
    #expect(wide[0].bytes == x.bytes)
    #expect(wide[0].type.shape.dimensions == [2])
  }

  @Test func takesScalarsAndNothing() throws {
    let scalar = try run(Bitcast(options: .defaults), [TestTensor([7] as [Int32], [])], outputs: [(.int16, .none)])
    #expect(scalar[0].type.shape.dimensions == [2])
    #expect(scalar[0].values(Int16.self) == [7, 0])
    let empty = try run(Bitcast(options: .defaults), [TestTensor([Int16](), [0, 2])], outputs: [(.int32, .none)])
    #expect(empty[0].type.shape.dimensions == [0])
  }

  @Test func refusesWhatItCannotTake() throws {
    let three = try TestTensor([1, 2, 3] as [Int16])
    expectRefusal(Bitcast(options: .defaults), [three], outputs: [(.int32, .none)])
    expectRefusal(Bitcast(options: .defaults), [try TestTensor([1] as [Int16], [])], outputs: [(.int32, .none)])
    expectRefusal(
      Bitcast(options: .defaults), [try TestTensor([1] as [UInt8], [2], element: .int4)], outputs: [(.int8, .none)])
    expectRefusal(Bitcast(options: .defaults), [], outputs: [(.int8, .none)])
  }
}
