import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct RangeOpTests {
  private let operation = RangeOp(options: .defaults)

  private func range<T: BitwiseCopyable>(_ start: T, _ limit: T, _ step: T, constant: Bool = true) throws -> [T] {
    let inputs = try [start, limit, step].map { value -> TestTensor in
      let tensor = try TestTensor([value], [])
      return constant ? tensor.constant : tensor
    }
    let result = try run(operation, inputs, outputs: [(inputs[0].type.element, .none)])[0]
    #expect(result.type.shape.rank == 1)
    return result.values()
  }

  static let integers: [(Int, Int, Int)] =
    Sizes.lengths.map { (3, 3 + $0, 1) } + [
      (0, 10, 3), (0, 9, 3), (0, 1, 7), (5, 5, 1), (5, 5, -1), (10, 0, -3), (-4, 4, 2), (4, -4, -1), (-5, -20, -4),
    ]

  @Test(arguments: integers) func countsInIntegers(_ start: Int, _ limit: Int, _ step: Int) throws {
    let expected = Array(stride(from: start, to: limit, by: step))
    for constant in [true, false] {
      #expect(try range(Int32(start), Int32(limit), Int32(step), constant: constant).map { Int($0) } == expected)
      #expect(try range(Int64(start), Int64(limit), Int64(step), constant: constant).map { Int($0) } == expected)
      #expect(
        try range(Float(start), Float(limit), Float(step), constant: constant) == expected.map { Float($0) })
    }
  }

  /// The last step would leave the type; the numbers before it stay inside.
  @Test func countsToTheEndsOfIntegers() throws {
    #expect(try range(Int32.max - 2, .max, 1) == [.max - 2, .max - 1])
    #expect(try range(Int32.max - 5, .max, 4) == [.max - 5, .max - 1])
    #expect(try range(Int32.min + 3, .min, -2) == [.min + 3, .min + 1])
    #expect(try range(Int32.min, .max, .max) == [.min, -1, .max - 1])
    #expect(try range(Int64.max - 1, .max, .max) == [.max - 1])
    #expect(try range(Int64.min + 2, .min + 1, .min + 1) == [.min + 2])
  }

  /// As many numbers as the distance has steps, rounded up, each made by adding the step to the one before.
  @Test(
    arguments: [
      (0, 1, 0.1), (0, 1, 0.3), (1, 0, -0.25), (-1, 1, 0.7), (0, Float.leastNonzeroMagnitude, 1), (1e8, 1e8 + 16, 3),
    ]
      as [(Float, Float, Float)])
  func addsFractions(_ start: Float, _ limit: Float, _ step: Float) throws {
    let count = Int(((limit - start) / step).rounded(.up))
    var value = start
    var expected: [Float] = []
    for _ in 0..<count {
      expected.append(value)
      value += step
    }
    #expect(try range(start, limit, step) == expected)
  }

  @Test func refusesRangesWithoutEnd() throws {
    func refuses<T: BitwiseCopyable>(_ start: T, _ limit: T, _ step: T) throws {
      let inputs = try [start, limit, step].map { try TestTensor([$0], []) }
      expectRejection(
        of: operation, inputs, outputs: [(inputs[0].type.element, .none)], "\(start), \(limit), \(step)")
      expectRejection(
        of: operation, inputs.map(\.constant), outputs: [(inputs[0].type.element, .none)], "\(start), \(limit), \(step)"
      )
    }
    for (start, limit, step) in [(0, 1, 0), (0, 0, 0), (0, 5, -1), (5, 0, 1)] {
      try refuses(Int32(start), Int32(limit), Int32(step))
      try refuses(Int64(start), Int64(limit), Int64(step))
      try refuses(Float(start), Float(limit), Float(step))
    }
    try refuses(Int64.min, .max, 1)
    try refuses(Int64.max, .min, -1)
    try refuses(Int64.min, 0, 1)
    try refuses(Int64(0), .max, 1)
    try refuses(Int64.min, .max, .min)
    for (start, limit, step) in [
      (.nan, 1, 1), (0, .nan, 1), (0, 1, .nan), (0, .infinity, 1), (-.infinity, 0, 1), (.infinity, .infinity, 1),
      (0, 3e38, 1e-3), (0, 1, Float.leastNonzeroMagnitude), (0, -1, 1),
    ] as [(Float, Float, Float)] { try refuses(start, limit, step) }
  }

  @Test func refusesOtherOperands() throws {
    let inputs = try [0, 2, 1].map { try TestTensor([$0 as Int32], []) }
    try expectOnly([.int32, .int64, .float32], for: operation, inputs, changing: [0, 1, 2])
    for index in 0..<3 {
      try expectOnly([.int32], for: operation, inputs, changing: [index], output: .int32)
      for shape in [[2], [0]] {
        var operands = inputs
        operands[index] = try TestTensor(zeros: .int32, shape)
        expectRejection(.malformed, of: operation, operands, outputs: [(.int32, .none)])
      }
    }
    expectOperandCounts(operation, inputs, outputs: [(.int32, .none)])
  }
}
