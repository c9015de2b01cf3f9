import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Pooling and resizing against loops over pixels.
@Suite struct ImageTests {
  static let pools: [([Int], Int8, (stride: Int, filter: Int))] = [
    ([1, 5, 7, 1], 0, (2, 3)), ([2, 6, 6, 17], 1, (2, 2)), ([1, 4, 4, 3], 0, (1, 5)), ([1, 7, 7, 33], 1, (1, 7)),
    ([1, 3, 3, 2], 1, (1, 4)),
  ]

  private func options(_ padding: Int8, _ window: (stride: Int, filter: Int)) throws -> OperatorOptions {
    try .table([
      0: .int8(padding), 1: .int32(Int32(window.stride)), 2: .int32(Int32(window.stride)),
      3: .int32(Int32(window.filter)),
      4: .int32(Int32(window.filter)),
    ])
  }

  /// The values under each window.
  private func windows<T>(_ input: Grid<T>, _ padding: Int8, _ window: (stride: Int, filter: Int)) -> Grid<[T]> {
    func count(_ size: Int) -> Int {
      padding == 0 ? (size + window.stride - 1) / window.stride : max(0, (size - window.filter) / window.stride + 1)
    }
    func before(_ size: Int) -> Int {
      padding == 0 ? max(0, (count(size) - 1) * window.stride + window.filter - size) / 2 : 0
    }
    let size = input.dimensions
    return Grid([size[0], count(size[1]), count(size[2]), size[3]]) { place in
      var values: [T] = []
      for y in 0..<window.filter {
        for x in 0..<window.filter {
          let row = place[1] * window.stride - before(size[1]) + y
          let column = place[2] * window.stride - before(size[2]) + x
          guard row >= 0, row < size[1], column >= 0, column < size[2] else { continue }
          values.append(input[[place[0], row, column, place[3]]])
        }
      }
      return values
    }
  }

  @Test(arguments: 0..<5) func pools(_ index: Int) throws {
    let (dimensions, padding, window) = Self.pools[index]
    guard window.filter <= dimensions[1] || padding == 0 else {
      let x = [Float](repeating: 0, count: dimensions.reduce(1, *))
      let result = try run(
        MaxPool2D(options: try options(padding, window)), [try TestTensor(x, dimensions)], outputs: [(.float32, .none)])[
          0]
      #expect(result.type.shape.elementCount == 0)
      return
    }
    var generator = SeededGenerator(seed: 7)
    let floats = Grid(dimensions, values: generator.floats(dimensions.reduce(1, *)))
    let bytes = Grid<Int8>(dimensions, values: generator.integers(dimensions.reduce(1, *), in: -128...127))
    let options = try options(padding, window)
    let same = Quantization.perTensor(scale: 1, zeroPoint: 0)
    for threads in [1, 2] {
      let x = try TestTensor(floats.values, dimensions)
      let q = try TestTensor(bytes.values, dimensions, quantization: same)
      #expect(
        try run(MaxPool2D(options: options), [x], outputs: [(.float32, .none)], threads: threads)[0].floats
          == windows(floats, padding, window).values.map { $0.max() ?? 0 })
      #expect(
        try run(MaxPool2D(options: options), [q], outputs: [(.int8, same)], threads: threads)[0].values(Int8.self)
          == windows(bytes, padding, window).values.map { $0.max() ?? 0 })
    }
  }

  @Test func refusesWindows() throws {
    for window in [(0, 1), (1, 0), (-1, 2), (1, -3)] {
      #expect(throws: OperatorError.self) {
        try run(
          MaxPool2D(options: options(0, (stride: window.0, filter: window.1))),
          [TestTensor([1] as [Float], [1, 1, 1, 1])],
          outputs: [(.float32, .none)])
      }
    }
  }

  @Test(arguments: [(false, false), (true, false), (false, true)]) func resizes(corners: Bool, centers: Bool) throws {
    var generator = SeededGenerator(seed: 8)
    let dimensions = [2, 4, 5, 3]
    let x = Grid(dimensions, values: generator.floats(dimensions.reduce(1, *)))
    let size = try TestTensor([7, 3] as [Int32]).constant
    func position(_ index: Int, _ from: Int, _ to: Int) -> Double {
      let scale = corners ? Double(from - 1) / Double(to - 1) : Double(from) / Double(to)
      return centers ? (Double(index) + 0.5) * scale - 0.5 : Double(index) * scale
    }
    let expected = Grid([2, 7, 3, 3]) { place -> Float in
      let y = min(max(position(place[1], 4, 7), 0), 3)
      let x0 = min(max(position(place[2], 5, 3), 0), 4)
      func at(_ row: Double, _ column: Double) -> Double {
        Double(x[[place[0], Int(min(row, 3)), Int(min(column, 4)), place[3]]])
      }
      let (top, left) = (y.rounded(.down), x0.rounded(.down))
      let (v, h) = (y - top, x0 - left)
      return Float(
        (at(top, left) * (1 - h) + at(top, left + 1) * h) * (1 - v)
          + (at(top + 1, left) * (1 - h) + at(top + 1, left + 1) * h) * v)
    }
    let options = try OperatorOptions.table([2: .bool(corners), 3: .bool(centers)])
    let result = try run(
      ResizeBilinear(options: options), [try TestTensor(x.values, dimensions), size], outputs: [(.float32, .none)],
      threads: 2)[0]
    expectClose(result.floats, expected.values, tolerance: 1e-5)
    let bytes = x.values.map { Int8(($0 * 127).rounded()) }
    let integers = try run(
      ResizeBilinear(options: options), [try TestTensor(bytes, dimensions), size], outputs: [(.int8, .none)])[0]
    for (a, e) in zip(integers.values(Int8.self), expected.values) { #expect(abs(Float(a) - e * 127) <= 2) }
  }

  @Test func resizesToTheNearest() throws {
    let x = (0..<12).map { UInt16($0) }
    let result = try run(
      ResizeNearestNeighbor(options: .defaults),
      [try TestTensor(x, [1, 2, 3, 2]), try TestTensor([4, 3] as [Int32])],
      outputs: [(.uint16, .none)])[0]
    #expect(result.values(UInt16.self) == Array(x[0..<6] + x[0..<6] + x[6..<12] + x[6..<12]))
    for size in [[0, 1], [-1, 1], [1, 2, 3]] as [[Int32]] {
      #expect(throws: OperatorError.self) {
        try run(
          ResizeNearestNeighbor(options: .defaults), [TestTensor(x, [1, 2, 3, 2]), TestTensor(size)],
          outputs: [(.uint16, .none)])
      }
    }
  }
}
