import Comparison
import TFLiteRuntime
import TensorTypes
import Testing

@Suite struct TensorNumbersTests {
  private func numbers(
    _ element: ElementType, _ bytes: [UInt8], shape: [Int], _ quantization: Quantization = .none
  ) throws -> [Double]? {
    let type = TensorType(element: element, shape: try #require(Shape(shape)), quantization: quantization)
    return try #require(Tensor(type: type, bytes: bytes)).numbers
  }

  @Test func `every type of number`() throws {
    #expect(try numbers(.float32, [0, 0, 0x80, 0x3F], shape: [1]) == [1])
    #expect(try numbers(.float64, [0, 0, 0, 0, 0, 0, 0xF0, 0xBF], shape: []) == [-1])
    #expect(try numbers(.float16, [0, 0x3C, 0, 0xC0], shape: [2]) == [1, -2])
    #expect(try numbers(.bfloat16, [0x80, 0x3F], shape: [1]) == [1])
    #expect(try numbers(.int8, [0xFF, 2], shape: [2]) == [-1, 2])
    #expect(try numbers(.uint8, [0xFF], shape: [1]) == [255])
    #expect(try numbers(.int16, [0xFE, 0xFF], shape: [1]) == [-2])
    #expect(try numbers(.uint16, [0xFE, 0xFF], shape: [1]) == [65534])
    #expect(try numbers(.int32, [0xFF, 0xFF, 0xFF, 0xFF], shape: [1]) == [-1])
    #expect(try numbers(.uint32, [0xFF, 0xFF, 0xFF, 0xFF], shape: [1]) == [4_294_967_295])
    #expect(try numbers(.int64, [UInt8](repeating: 0xFF, count: 8), shape: [1]) == [-1])
    #expect(try numbers(.uint64, [1, 0, 0, 0, 1, 0, 0, 0], shape: [1]) == [4_294_967_297])
    #expect(try numbers(.bool, [0, 1, 7], shape: [3]) == [0, 1, 1])
    #expect(try numbers(.complex64, [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40], shape: [1]) == [1, 2])
    #expect(try numbers(.int4, [0x8F, 0x07], shape: [3]) == [-1, -8, 7])
    #expect(try numbers(.uint4, [0x8F, 0x07], shape: [3]) == [15, 8, 7])
    #expect(try numbers(.int2, [0b01_10_11_00], shape: [4]) == [0, -1, -2, 1])
  }

  @Test func `quantised integers are real numbers`() throws {
    #expect(try numbers(.int8, [0xFF, 2], shape: [2], .perTensor(scale: 0.5, zeroPoint: -3)) == [1, 2.5])
    let channels = Quantization.perChannel(scales: [1, 2, 4], zeroPoints: [0, 1, 0], axis: 1)
    #expect(
      try numbers(.uint8, [1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], shape: [2, 3, 2], channels)
        == [1, 1, 0, 0, 8, 8, 2, 3, 4, 4, 12, 12])
    // A description that does not fit the shape is left out.
    #expect(try numbers(.uint8, [1, 2], shape: [2], channels) == [1, 2])
  }

  @Test func `no elements, and no numbers`() throws {
    #expect(try numbers(.int4, [], shape: [0]) == [])
    #expect(try numbers(.float32, [], shape: [2, 0]) == [])
    #expect(try numbers(.float8E4M3FN, [1], shape: [1]) == nil)
    #expect(try #require(Tensor(strings: ["a"], shape: [1])).numbers == nil)
  }
}

@Suite struct TensorErrorTests {
  @Test func `real numbers of different quantisations are compared`() throws {
    let shape = try #require(Shape([2]))
    let quantized = try #require(
      Tensor(
        type: TensorType(element: .int8, shape: shape, quantization: .perTensor(scale: 0.5, zeroPoint: 0)),
        bytes: [2, 4]))
    let reference = try #require(Tensor([1, 2.5] as [Float], shape: [2]))
    let measures = try #require(ErrorMeasures(quantized, reference: reference))
    #expect(measures.maximumAbsolute == 0.5 && measures.unequal == 1 && measures.relative == 0.2)
  }

  @Test func `strings are the same or cannot be compared`() throws {
    let one = try #require(Tensor(strings: ["a", "b", "c"], shape: [3]))
    let other = try #require(Tensor(strings: ["a", "x", "cc"], shape: [3]))
    let measures = try #require(ErrorMeasures(one, reference: other))
    #expect(measures.count == 3 && measures.incomparable == 2 && measures.relative == .infinity)
    #expect(try #require(ErrorMeasures(one, reference: one)).relative == 0)
  }

  @Test func `different shapes have no measures`() throws {
    let one = try #require(Tensor([1, 2] as [Float], shape: [2]))
    #expect(ErrorMeasures(one, reference: try #require(Tensor([1, 2] as [Float], shape: [1, 2]))) == nil)
    #expect(ErrorMeasures(one, reference: try #require(Tensor(strings: ["a", "b"], shape: [2]))) == nil)
  }
}
