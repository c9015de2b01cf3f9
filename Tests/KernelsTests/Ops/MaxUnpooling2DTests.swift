import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct MaxUnpooling2DTests {
  private func unpool(_ x: TestTensor, _ places: TestTensor, _ fields: [Int32]) throws -> TestTensor {
    try run(MaxUnpooling2D(options: .structure(fields)), [x, places], outputs: [(.float32, .none)])[0]
  }

  /// Pooling and unpooling leave the maxima where they were.
  @Test(arguments: [1, 3, 4, 5, 11]) func undoesPooling(channels: Int) throws {
    var generator = SeededGenerator(seed: 1)
    for (width, height) in [(2, 2), (3, 1), (1, 2), (2, 3)] as [(Int32, Int32)] {
      let shape = [2, 3 * Int(height), 2 * Int(width), channels]
      let x = Grid(shape, values: generator.floats(shape.reduce(1, *), in: 1...9))
      let fields: [Int32] = [2, width, height, width, height, 0]
      let pooled = try run(
        MaxPoolingWithArgmax2D(options: .structure(fields)), [TestTensor(x.values, shape)],
        outputs: [(.float32, .none), (.float32, .none)])
      let result = try unpool(pooled[0], pooled[1], fields)
      #expect(result.type.shape.dimensions == shape)
      let expected = Grid(shape) { place -> Float in
        let (top, left) = (place[1] / Int(height) * Int(height), place[2] / Int(width) * Int(width))
        var largest: Float = 0
        for y in top..<top + Int(height) {
          for x_ in left..<left + Int(width) { largest = max(largest, x[[place[0], y, x_, place[3]]]) }
        }
        return x[place] == largest ? largest : 0
      }
      #expect(result.floats == expected.values)
    }
  }

  @Test func dropsPlacesOutsideOfTheImage() throws {
    let x = try TestTensor([1, 2, 3, 4, 5, 6] as [Float], [1, 1, 6, 1])
    let places = try TestTensor([-7, 100, .nan, .infinity, 1.1, -.infinity] as [Float], [1, 1, 6, 1])
    let result = try unpool(x, places, [2, 2, 1, 2, 1, 0])
    #expect(result.floats.filter { $0 != 0 } == [5])
    #expect(result.floats[9] == 5)
  }

  @Test func takesPlacesInTheWholeImage() throws {
    let x = try TestTensor([1, 2, 3, 4] as [Float], [2, 1, 2, 1])
    let places = try TestTensor([5, 0, 7, 2] as [Int32], [2, 1, 2, 1])
    let same = try unpool(x, places, [1, 2, 2, 3, 3, 0])
    #expect(same.type.shape.dimensions == [2, 2, 4, 1])
    #expect(same.floats == [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 4, 0, 0, 0, 0, 3])
    let valid = try unpool(x, places, [2, 2, 2, 3, 3, 0])
    #expect(valid.type.shape.dimensions == [2, 3, 5, 1])
    for place in [-1, 8] as [Int32] {
      #expect(throws: OperatorError.self) {
        try unpool(x, TestTensor([place, 0, 0, 0], [2, 1, 2, 1]), [1, 2, 2, 3, 3, 0])
      }
    }
  }

  @Test func takesEmptyTensors() throws {
    let none = try TestTensor([Float](), [0, 2, 2, 3])
    #expect(try unpool(none, none, [1, 2, 2, 2, 2, 0]).type.shape.dimensions == [0, 4, 4, 3])
  }

  @Test func refusesWhatDoesNotFit() throws {
    let x = try TestTensor([1, 2] as [Float], [1, 1, 2, 1])
    let fields: [Int32] = [1, 2, 2, 2, 2, 0]
    #expect(throws: OperatorError.self) { try unpool(x, TestTensor([1, 2] as [Float], [1, 2, 1, 1]), fields) }
    #expect(throws: OperatorError.self) { try unpool(x, TestTensor([1, 2] as [Int64], [1, 1, 2, 1]), fields) }
    #expect(throws: OperatorError.self) { try unpool(x, x, [0, 2, 2, 2, 2, 0]) }
    #expect(throws: OperatorError.self) { try unpool(x, x, [1, 2, 2, -2, 2, 0]) }
    #expect(throws: OperatorError.self) { try unpool(x, x, [1, 2]) }
    #expect(throws: OperatorError.self) { try unpool(x, x, [1, 2, 2, .max, .max, 0]) }
    let flat = try TestTensor([1] as [Float])
    #expect(throws: OperatorError.self) { try unpool(flat, flat, fields) }
  }
}
