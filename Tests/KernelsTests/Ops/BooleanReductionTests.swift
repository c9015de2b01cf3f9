import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Reductions of numbers that TFLite also takes truth values for.
@Suite struct BooleanReductionTests {
  @Test(arguments: [0, 1, 15, 16, 17, 35]) func reducesTruth(count: Int) throws {
    var generator = SeededGenerator(seed: 22)
    for density in [0, 1, 3] as [UInt8] {
      let x = generator.integers(2 * count, in: 0...3 as ClosedRange<UInt8>).map { $0 < density ? 1 : 0 as UInt8 }
      let tensor = try TestTensor(x, [2, count], element: .bool)
      let axis = try TestTensor([1] as [Int32]).constant
      let rows = [Array(x[..<count]), Array(x[count...])]
      let some = rows.map { $0.contains(1) ? 1 : 0 as UInt8 }
      let all = rows.map { $0.contains(0) ? 0 : 1 as UInt8 }
      for operation in [try ReduceMax(options: .defaults), try Sum(options: .defaults)] as [any Operator] {
        #expect(try run(operation, [tensor, axis], outputs: [(.bool, .none)])[0].bytes == some)
      }
      for operation in [try ReduceMin(options: .defaults), try ReduceProd(options: .defaults)] as [any Operator] {
        #expect(try run(operation, [tensor, axis], outputs: [(.bool, .none)])[0].bytes == all)
      }
    }
  }

  @Test func roundingLosesTheSignOfZero() throws {
    let result = try run(
      Round(options: .defaults), [TestTensor([-0.3, -0.5, -0.0, 0.2, -1.5] as [Float])], outputs: [(.float32, .none)])
    #expect(result[0].floats.map(\.bitPattern) == ([0, 0, -0.0, 0, -2] as [Float]).map(\.bitPattern))
  }
}
