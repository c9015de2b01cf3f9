import Evaluation
import TFLiteRuntime
import TensorTypes
import Testing

@Suite struct PixelConversionTests {
  private let pixels: [UInt8] = [0, 1, 127, 128, 254, 255]

  private func type(_ element: ElementType, _ quantization: Quantization = .none) throws -> TensorType {
    TensorType(element: element, shape: try #require(Shape([1, 6])), quantization: quantization)
  }

  @Test func `floats are normalised`() throws {
    let tensor = try PixelConversion().tensor(pixels, try type(.float32))
    #expect(tensor.values(as: Float.self) == pixels.map { (Float($0) - 127.5) / 127.5 })
    let unit = try PixelConversion(mean: 0, standardDeviation: 255).tensor(pixels, try type(.float16))
    #expect(unit.values(as: Float16.self) == pixels.map { Float16(Float($0) / 255) })
  }

  @Test func `without a mean 8-bit inputs take pixels`() throws {
    #expect(try PixelConversion().tensor(pixels, try type(.uint8)).values(as: UInt8.self) == pixels)
    #expect(
      try PixelConversion().tensor(pixels, try type(.int8)).values(as: Int8.self) == [-128, -127, -1, 0, 126, 127])
  }

  @Test func `with a mean they are quantised`() throws {
    let conversion = PixelConversion(mean: 0, standardDeviation: 255)
    let quantization = Quantization.perTensor(scale: 0.01, zeroPoint: -100)
    let expected = pixels.map { Int8(min(max((Double($0) / 255 / 0.01).rounded() - 100, -128), 127)) }
    #expect(try conversion.tensor(pixels, try type(.int8, quantization)).values(as: Int8.self) == expected)
    let coarse = Quantization.perTensor(scale: 0.001, zeroPoint: 0)
    #expect(
      try conversion.tensor(pixels, try type(.uint8, coarse)).values(as: UInt8.self) == [0, 4, 255, 255, 255, 255])
    #expect(throws: EvaluationError.self) { try conversion.tensor(pixels, try type(.int8)) }
  }

  @Test func `a mean that is no number gives the zero point`() throws {
    let conversion = PixelConversion(mean: .nan, standardDeviation: 1)
    let quantization = Quantization.perTensor(scale: 1, zeroPoint: 3)
    #expect(try conversion.tensor(pixels, try type(.int8, quantization)).values(as: Int8.self) == [3, 3, 3, 3, 3, 3])
  }

  @Test func `what does not fit is an error`() throws {
    #expect(throws: EvaluationError.self) { try PixelConversion().tensor([1], try type(.float32)) }
    #expect(throws: EvaluationError.self) { try PixelConversion().tensor(pixels, try type(.int64)) }
  }
}
