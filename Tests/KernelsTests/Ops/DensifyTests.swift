import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Sparse constants are made dense when a model is loaded, so the operator itself copies.
@Suite struct DensifyTests {
  @Test func copiesDenseValues() throws {
    for dimensions in [[0], [1], [7], [8], [9], [19], [3, 5], [2, 0], []] {
      let count = dimensions.reduce(1, *)
      let x = try TestTensor((0..<count).map { Float($0) - 3 }, dimensions)
      for tensor in [x, x.constant] {
        let result = try run(Densify(options: .defaults), [tensor], outputs: [(.float32, .none)])[0]
        #expect(result.type.shape.dimensions == dimensions)
        #expect(result.bytes == x.bytes)
      }
    }
  }

  @Test func keepsBitsOfNumbersThatAreNone() throws {
    let x = try TestTensor([.nan, .infinity, -.infinity, -0.0, .leastNonzeroMagnitude] as [Float])
    #expect(try run(Densify(options: .defaults), [x], outputs: [(.float32, .none)])[0].bytes == x.bytes)
    let quantization = Quantization.perTensor(scale: 0.5, zeroPoint: -3)
    let bytes = try TestTensor(Array(Int8.min...Int8.max), quantization: quantization)
    let result = try run(Densify(options: .defaults), [bytes], outputs: [(.int8, quantization)])[0]
    #expect(result.bytes == bytes.bytes)
  }

  @Test func takesItsInputsMemory() {
    #expect(Densify(options: .defaults).sharing == .view(of: 0))
  }

  @Test func refusesOtherOperands() throws {
    let x = try TestTensor([1, 2] as [Float])
    expectOperandCounts(Densify(options: .defaults), [x], outputs: [(.float32, .none)])
    for element in [ElementType.int8, .int32, .string] {
      expectRejection(of: Densify(options: .defaults), [x], outputs: [(element, .none)], "\(element)")
    }
    expectRejection(
      of: Densify(options: .defaults), [try TestTensor(strings: ["a"])], outputs: [(.string, .none)], "strings")
  }
}
