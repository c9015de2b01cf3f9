import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct MaxPoolingWithArgmax2DTests {
  private func pool(_ x: TestTensor, _ fields: [Int32]) throws -> [TestTensor] {
    try run(
      MaxPoolingWithArgmax2D(options: .structure(fields)), [x], outputs: [(.float32, .none), (.float32, .none)],
      threads: 2)
  }

  /// Options are padding (1 same, 2 valid), stride width and height, window width and height, activation.
  @Test(
    arguments: [
      [2, 2, 2, 2, 2, 0], [1, 2, 2, 2, 2, 0], [1, 1, 1, 3, 3, 0], [2, 1, 2, 3, 1, 1], [1, 3, 2, 2, 5, 3],
      [2, 1, 1, 1, 1, 0],
    ] as [[Int32]])
  func findsMaxima(fields: [Int32]) throws {
    var generator = SeededGenerator(seed: 9)
    for channels in [1, 3, 4, 5, 11] {
      let (height, width) = (7, 6)
      let x = Grid([2, height, width, channels], values: generator.floats(2 * height * width * channels, in: -5...9))
      let (stepX, stepY, windowX, windowY) = (Int(fields[1]), Int(fields[2]), Int(fields[3]), Int(fields[4]))
      func output(_ size: Int, _ window: Int, _ step: Int) -> Int {
        fields[0] == 1 ? (size + step - 1) / step : (size - window) / step + 1
      }
      let (outY, outX) = (output(height, windowY, stepY), output(width, windowX, stepX))
      let top = fields[0] == 1 ? max(0, (outY - 1) * stepY + windowY - height) / 2 : 0
      let left = fields[0] == 1 ? max(0, (outX - 1) * stepX + windowX - width) / 2 : 0
      let shape = [2, outY, outX, channels]
      let best = Grid(shape) { place -> (Float, Int) in
        var best: (Float, Int)?
        for row in 0..<windowY {
          for column in 0..<windowX {
            let (y, x_) = (place[1] * stepY - top + row, place[2] * stepX - left + column)
            guard y >= 0, y < height, x_ >= 0, x_ < width else { continue }
            let value = x[[place[0], y, x_, place[3]]]
            if best.map({ value > $0.0 }) ?? true { best = (value, row * windowX + column) }
          }
        }
        return best ?? (0, 0)
      }
      let result = try pool(TestTensor(x.values, x.dimensions), fields)
      #expect(result[0].type.shape.dimensions == shape)
      let clamp: (Float) -> Float = fields[5] == 0 ? { $0 } : fields[5] == 1 ? { max($0, 0) } : { min(max($0, 0), 6) }
      #expect(result[0].floats == best.values.map { clamp($0.0) })
      #expect(result[1].floats == best.values.map { Float($0.1) + 0.1 })
    }
  }

  @Test func ignoresNaN() throws {
    let result = try pool(TestTensor([.nan, 1, .nan, .nan] as [Float], [1, 2, 2, 1]), [2, 2, 2, 2, 2, 0])
    #expect(result[0].floats == [1])
    #expect(result[1].floats == [1.1])
  }

  @Test func takesEmptyTensors() throws {
    #expect(
      try pool(TestTensor([Float](), [0, 2, 2, 3]), [2, 2, 2, 2, 2, 0])[0].type.shape.dimensions == [0, 1, 1, 3])
    #expect(
      try pool(TestTensor([Float](), [1, 2, 2, 0]), [2, 2, 2, 2, 2, 0])[0].type.shape.dimensions == [1, 1, 1, 0])
  }

  @Test func refusesBadOptions() throws {
    let x = try TestTensor([1, 2, 3, 4] as [Float], [1, 2, 2, 1])
    for fields in [
      [0, 1, 1, 1, 1, 0], [3, 1, 1, 1, 1, 0], [1, 0, 1, 1, 1, 0], [1, 1, -1, 1, 1, 0], [1, 1, 1, 0, 1, 0],
      [1, 1, 1, 1, 0, 0],
      [1, 1, 1, 1, 1, 9], [1, 1, 1, 1, 1, 4], [1, 1, 1, 1, 1, 1000], [1, 1, 1, 1, 1], [], [2, 1, 1, 5, 1, 0],
    ] as [[Int32]] {
      #expect(throws: OperatorError.self) { try pool(x, fields) }
    }
    #expect(try pool(x, [1, .max, .max, .max, .max, 0])[0].floats == [4])
    #expect(throws: OperatorError.self) { try pool(TestTensor([1] as [Float]), [1, 1, 1, 1, 1, 0]) }
    #expect(throws: OperatorError.self) {
      try run(
        MaxPoolingWithArgmax2D(options: .structure([1, 1, 1, 1, 1, 0])), [x],
        outputs: [(.float32, .none), (.int32, .none)])
    }
  }
}
