import Evaluation
import TFLiteRuntime
import TensorFiles
import TensorTypes
import Testing

@Suite struct LabelledArraysTests {
  private func load(_ arrays: [(String, NumpyArray)], inputNames: [String] = []) throws -> LabelledArrays {
    try LabelledArrays(try archive(arrays), inputNames: inputNames, pixels: PixelConversion())
  }

  private func type(_ element: ElementType, _ shape: [Int], _ quantization: Quantization = .none) throws -> TensorType {
    TensorType(element: element, shape: try #require(Shape(shape)), quantization: quantization)
  }

  private func zeros(_ shape: [Int]) throws -> NumpyArray {
    try NumpyArray([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape)
  }

  @Test func `arrays are found by name`() throws {
    let classes = try NumpyArray([3, 1] as [UInt8], shape: [2, 1])
    for (name, label) in [("images", "labels"), ("x", "y"), ("args_0", "targets"), ("data", "label")] {
      let samples = try load([(name, try zeros([2, 3])), (label, classes)], inputNames: ["", "args_0"])
      #expect(samples.count == 2)
      #expect(samples.label(0) == 3)
      #expect(samples.label(1) == 1)
    }
  }

  @Test func `what does not fit is an error`() throws {
    let images = try zeros([2, 3])
    let labels = try NumpyArray([0, 1] as [Int64], shape: [2])
    let wrong: [[(String, NumpyArray)]] = [
      [("labels", labels)], [("images", images)], [],
      [("images", images), ("labels", try zeros([2]))],
      [("images", images), ("labels", try NumpyArray([0, 1, 2] as [Int64], shape: [3]))],
      [("images", images), ("labels", try NumpyArray([0, 1, 2, 3] as [Int64], shape: [2, 2]))],
      [("images", try zeros([])), ("labels", try NumpyArray([0] as [Int64], shape: []))],
    ]
    for arrays in wrong {
      let error = #expect(throws: EvaluationError.self) { try load(arrays) }
      #expect(error?.reason == .dataset)
    }
  }

  @Test func `dimensions of one may be left out`() throws {
    let samples = try load([
      ("images", try zeros([2, 2, 3])), ("labels", try NumpyArray([0, 1] as [Int32], shape: [2])),
    ])
    #expect(try samples.sample(1, try type(.float32, [1, 2, 3, 1])).type.shape.dimensions == [1, 2, 3, 1])
    #expect(throws: EvaluationError.self) { try samples.sample(0, try type(.float32, [1, 3, 2])) }
    #expect(throws: EvaluationError.self) { try samples.sample(0, try type(.float32, [1, 6])) }
  }

  @Test func `elements become those of the input`() throws {
    let labels = try NumpyArray([0, 1] as [Int32], shape: [2])
    let bytes = try load([("x", try NumpyArray([0, 255, 128, 127] as [UInt8], shape: [2, 2])), ("y", labels)])
    #expect(try bytes.sample(0, try type(.float32, [1, 2])).values(as: Float.self) == [-1, 1])
    #expect(try bytes.sample(1, try type(.int8, [1, 2])).values(as: Int8.self) == [0, -1])
    let floats = try load([("x", try NumpyArray([0, 0.5, 1, 100] as [Double], shape: [2, 2])), ("y", labels)])
    let quantized = try type(.int8, [1, 2], .perTensor(scale: 0.25, zeroPoint: -3))
    #expect(try floats.sample(0, quantized).values(as: Int8.self) == [-3, -1])
    #expect(try floats.sample(1, quantized).values(as: Int8.self) == [1, 127])
    let tokens = try load([("x", try NumpyArray([5, 6, 7, 8] as [Int64], shape: [2, 2])), ("y", labels)])
    #expect(try tokens.sample(1, try type(.int64, [1, 2])).values(as: Int64.self) == [7, 8])
    #expect(throws: EvaluationError.self) { try tokens.sample(0, try type(.float32, [1, 2])) }
  }

  @Test func `labels beyond an Int are no class`() throws {
    let samples = try load([
      ("x", try zeros([1, 2])), ("y", try NumpyArray([UInt64.max], shape: [1])),
    ])
    #expect(samples.label(0) == .max)
  }
}
