import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct ShuffledWeightsTests {
  private let quantization = Quantization.perTensor(scale: 0.0078125, zeroPoint: 128)
  private let result = Quantization.perTensor(scale: 0.00048828125, zeroPoint: 0)

  private func operation(activation: Int8 = 0) throws -> FullyConnected {
    try FullyConnected(options: .table([0: .int8(activation), 1: .int8(1)]))
  }

  @Test(arguments: [(1, 4, 16), (4, 4, 16), (1, 8, 48), (4, 12, 32), (1, 0, 16)])
  func multiplies(rows: Int, units: Int, depth: Int) throws {
    var generator = SeededGenerator(seed: 21)
    let x = generator.integers(rows * depth, in: UInt8.min...UInt8.max)
    let weights = generator.integers(units * depth, in: UInt8.min...UInt8.max)
    let bias = generator.integers(units, in: -1000...1000 as ClosedRange<Int32>)
    // Blocks of four units by sixteen elements, highest bits turned.
    var shuffled: [UInt8] = []
    for unit in stride(from: 0, to: units, by: 4) {
      for element in stride(from: 0, to: depth, by: 16) {
        for i in 0..<4 {
          shuffled += weights[(unit + i) * depth + element..<(unit + i) * depth + element + 16].map { $0 ^ 0x80 }
        }
      }
    }
    let output = try run(
      try operation(),
      [
        TestTensor(x, [rows, depth], quantization: quantization),
        TestTensor(shuffled, [units, depth], quantization: quantization), TestTensor(bias),
      ], outputs: [(.int16, result), (.uint8, .none)], threads: 2)
    let expected = (0..<rows * units).map { place -> Int16 in
      let (row, unit) = (place / units, place % units)
      let sum = (0..<depth).reduce(Int(bias[unit])) { sum, element in
        sum + (Int(x[row * depth + element]) - 128) * (Int(weights[unit * depth + element]) - 128)
      }
      // Scales give a factor of 1/8; fractions of one half were tried by nobody: both roundings go away from zero.
      let real = Double(sum) / 8
      return Int16(clamping: Int(real.rounded(.toNearestOrAwayFromZero)))
    }
    #expect(output[0].type.shape.dimensions == [rows, units])
    for (actual, wanted) in zip(output[0].values(Int16.self), expected) { #expect(abs(Int(actual) - Int(wanted)) <= 1) }
    #expect(output[1].type.shape.dimensions == [rows, depth])
    #expect(output[1].bytes.sorted() == x.map { $0 ^ 0x80 }.sorted())
  }

  @Test func refusesWhatItCannotTake() throws {
    func refuses(
      rows: Int = 1, units: Int = 4, depth: Int = 16, bias: Int = 4, activation: Int8 = 0,
      outputs: [(ElementType, Quantization)]? = nil
    ) throws {
      let operation = try operation(activation: activation)
      expectRefusal(
        operation,
        [
          try TestTensor([UInt8](repeating: 0, count: rows * depth), [rows, depth], quantization: quantization),
          try TestTensor([UInt8](repeating: 0, count: units * depth), [units, depth], quantization: quantization),
          try TestTensor([Int32](repeating: 0, count: bias)),
        ], outputs: outputs ?? [(.int16, result), (.uint8, .none)])
    }
    try refuses(rows: 2)
    try refuses(rows: 0)
    try refuses(units: 3, bias: 3)
    try refuses(depth: 8)
    try refuses(depth: 0)
    try refuses(bias: 3)
    try refuses(activation: 4)
    try refuses(outputs: [(.uint8, result), (.uint8, .none)])
    try refuses(outputs: [(.int16, result)])
    try refuses(outputs: [(.int16, .none), (.uint8, .none)])
    #expect(throws: OperatorError.self) { try FullyConnected(options: .table([1: .int8(2)])) }
  }
}
