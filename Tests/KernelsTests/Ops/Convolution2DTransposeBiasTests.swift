import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct Convolution2DTransposeBiasTests {
  /// Every input position adds its products to a window of the output.
  @Test(arguments: [
    (1, 1, 1, 1, 1), (3, 3, 1, 1, 1), (3, 2, 2, 2, 1), (2, 2, 2, 2, 2), (3, 3, 2, 3, 2), (5, 1, 3, 2, 1),
    (1, 2, 3, 3, 1),
  ])
  func transposes(kernelY: Int, kernelX: Int, stepY: Int, stepX: Int, padding: Int) throws {
    var generator = SeededGenerator(seed: 31)
    let (height, width, channels, outputs) = (3, 4, 3, 5)
    let shape = [2, height, width, channels]
    let x = Grid(shape, values: generator.floats(shape.reduce(1, *)))
    let filterShape = [outputs, kernelY, kernelX, channels]
    let w = Grid(filterShape, values: generator.floats(filterShape.reduce(1, *)))
    let bias = generator.floats(outputs)
    func missing(_ size: Int, _ kernel: Int, _ step: Int) -> Int {
      padding == 1 ? max(0, kernel - (size - 1) % step - 1) : 0
    }
    let (cutY, cutX) = (missing(height, kernelY, stepY), missing(width, kernelX, stepX))
    let outY = stepY * (height - 1) + kernelY - cutY
    let outX = stepX * (width - 1) + kernelX - cutX
    let outShape = [2, outY, outX, outputs]
    var expected = Grid(outShape) { Double(bias[$0[3]]) }.values
    for place in Grid<Float>.coordinates(shape) {
      for tap in Grid<Float>.coordinates([kernelY, kernelX, outputs]) {
        let (y, x_) = (place[1] * stepY - cutY / 2 + tap[0], place[2] * stepX - cutX / 2 + tap[1])
        guard y >= 0, y < outY, x_ >= 0, x_ < outX else { continue }
        expected[((place[0] * outY + y) * outX + x_) * outputs + tap[2]] +=
          Double(x[place]) * Double(w[[tap[2], tap[0], tap[1], place[3]]])
      }
    }
    let options = try OperatorOptions.structure([Int32(padding), Int32(stepX), Int32(stepY), 0, 0])
    let result = try run(
      Convolution2DTransposeBias(options: options),
      [TestTensor(x.values, shape), TestTensor(w.values, filterShape).constant, TestTensor(bias).constant],
      outputs: [(.float32, .none)], threads: 2)
    #expect(result[0].type.shape.dimensions == outShape)
    expectClose(result[0].floats, expected.map { Float($0) }, tolerance: 2e-6)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let x = try TestTensor([1, 2] as [Float], [1, 1, 1, 2])
    let w = try TestTensor([1, 2] as [Float], [1, 1, 1, 2])
    let b = try TestTensor([1] as [Float])
    func attempt(_ fields: [Int32], _ inputs: [TestTensor?]) throws {
      _ = try run(
        Convolution2DTransposeBias(options: .structure(fields)), inputs, outputs: [(.float32, .none)])
    }
    try attempt([1, 1, 1], [x, w, b])
    for fields in [[0, 1, 1], [3, 1, 1], [1, 0, 1], [1, 1, -1], [1, 1], []] as [[Int32]] {
      #expect(throws: OperatorError.self) { try attempt(fields, [x, w, b]) }
    }
    let wide = try TestTensor([1, 2, 3, 4] as [Float], [1, 1, 2, 2])
    #expect(throws: OperatorError.self) {
      try attempt([1, .max, .max], [try TestTensor([Float](repeating: 0, count: 6), [1, 1, 3, 2]), wide, b])
    }
    #expect(throws: OperatorError.self) { try attempt([1, 1, 1], [x, w, nil]) }
    #expect(throws: OperatorError.self) { try attempt([1, 1, 1], [x, w]) }
    #expect(throws: OperatorError.self) { try attempt([1, 1, 1], [x, w, try TestTensor([1, 2] as [Float])]) }
    #expect(throws: OperatorError.self) {
      try attempt([1, 1, 1], [x, try TestTensor([1] as [Float], [1, 1, 1, 1]), b])
    }
    #expect(throws: OperatorError.self) { try attempt([1, 1, 1], [x, w, try TestTensor([1] as [Int32])]) }
  }

  @Test func takesAnEmptyBatch() throws {
    let result = try run(
      Convolution2DTransposeBias(options: .structure([2, 2, 2])),
      [TestTensor([Float](), [0, 2, 2, 1]), TestTensor([1] as [Float], [1, 1, 1, 1]), TestTensor([1] as [Float])],
      outputs: [(.float32, .none)])
    #expect(result[0].type.shape.dimensions == [0, 3, 3, 1])
  }
}
