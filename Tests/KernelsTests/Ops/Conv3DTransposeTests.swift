import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct Conv3DTransposeTests {
  private func shape(_ dimensions: [Int]) throws -> TestTensor { try TestTensor(dimensions.map { Int32($0) }) }

  /// The oracle's filters have input channels before output channels; seen from the transpose that is the order it wants.
  @Test(arguments: VolumeOracle.cases.indices) func transposes(index: Int) throws {
    let oracle = VolumeOracle.cases[index]
    var generator = SeededGenerator(seed: UInt64(index) + 70)
    let y = generator.floats(oracle.shape.reduce(1, *))
    let w = generator.floats(oracle.filter.reduce(1, *))
    let bias = generator.floats(oracle.filter[3])
    let sums = oracle.transpose(y, w)
    let image = try TestTensor(y, oracle.shape)
    let filter = try TestTensor(w, oracle.filter)
    let size = try shape(oracle.input)
    let plain = sums.map { Float($0) }
    let offset = sums.indices.map { Float(sums[$0] + Double(bias[$0 % bias.count])) }
    for (threads, operands) in [[size, filter, image], [size.constant, filter.constant, image]].enumerated() {
      let result = try run(
        Conv3DTranspose(options: oracle.options()), operands, outputs: [(.float32, .none)], threads: threads + 1)
      #expect(result[0].type.shape.dimensions == oracle.input)
      expectClose(result[0].floats, plain, tolerance: 2e-6)
    }
    let result = try run(
      Conv3DTranspose(options: oracle.options(activation: 2)), [size, filter.constant, image, TestTensor(bias)],
      outputs: [(.float32, .none)])
    expectClose(result[0].floats, offset.map { min(max($0, -1), 1) }, tolerance: 2e-6)
  }

  /// Lines so long that their products come in several pieces.
  @Test func takesLongLines() throws {
    let oracle = VolumeOracle(input: [1, 1, 2, 900, 40], filter: [1, 2, 3, 40, 2])
    var generator = SeededGenerator(seed: 3)
    let y = generator.floats(oracle.shape.reduce(1, *))
    let w = generator.floats(oracle.filter.reduce(1, *))
    let operands = [
      try shape(oracle.input), try TestTensor(w, oracle.filter).constant, try TestTensor(y, oracle.shape),
    ]
    let one = try run(Conv3DTranspose(options: oracle.options()), operands, outputs: [(.float32, .none)])
    expectClose(one[0].floats, oracle.transpose(y, w).map { Float($0) }, tolerance: 2e-6)
    let three = try run(Conv3DTranspose(options: oracle.options()), operands, outputs: [(.float32, .none)], threads: 3)
    #expect(one[0].bytes == three[0].bytes)
  }

  @Test func keepsNaNAndLimitsInfinities() throws {
    let oracle = VolumeOracle(input: [1, 1, 1, 3, 1], filter: [1, 1, 1, 1, 1])
    let result = try run(
      Conv3DTranspose(options: oracle.options(activation: 1)),
      [
        shape(oracle.input), TestTensor([2] as [Float], oracle.filter),
        TestTensor([.nan, .infinity, -1] as [Float], oracle.input),
      ], outputs: [(.float32, .none)])
    expectNear(result[0].numbers, [.nan, Double(Float.greatestFiniteMagnitude), 0], tolerance: 0)
  }

  @Test func refusesWhatDoesNotFit() throws {
    func attempt(
      _ size: [Int32], _ filter: [Int], _ image: [Int], _ fields: [Int: OptionsField] = [:], bias: [Float]? = nil
    ) throws {
      var options: [Int: OptionsField] = [1: .int32(2), 2: .int32(2), 3: .int32(2)]
      options.merge(fields) { $1 }
      var inputs = [
        try TestTensor(size), try TestTensor([Float](repeating: 0, count: filter.reduce(1, *)), filter),
        try TestTensor([Float](repeating: 0, count: image.reduce(1, *)), image),
      ]
      if let bias { inputs.append(try TestTensor(bias)) }
      _ = try run(Conv3DTranspose(options: .table(options)), inputs, outputs: [(.float32, .none)])
    }
    let (w, x) = ([1, 1, 1, 2, 3], [1, 2, 2, 2, 3])
    try attempt([1, 4, 4, 4, 2], w, x)
    try attempt([1, 3, 4, 3, 2], w, x)
    for size in [
      [1, 5, 4, 4, 2], [1, 4, 4, 4, 3], [2, 4, 4, 4, 2], [1, 4, 4, 4], [1, 4, 4, 4, -2], [1, 0, 4, 4, 2],
      [.max, .max, .max, .max, .max],
    ] as [[Int32]] {
      #expect(throws: OperatorError.self) { try attempt(size, w, x) }
    }
    #expect(throws: OperatorError.self) { try attempt([1, 4, 4, 4, 2], [1, 1, 1, 2, 2], x) }
    #expect(throws: OperatorError.self) { try attempt([1, 4, 4, 4, 2], w, x, bias: [1]) }
    #expect(throws: OperatorError.self) { try attempt([1, 4, 4, 4, 2], w, x, [1: .int32(0)]) }
    #expect(throws: OperatorError.self) { try attempt([1, 4, 4, 4, 2], w, x, [5: .int32(-1)]) }
    #expect(throws: OperatorError.self) { try attempt([1, 4, 4, 4, 2], [0, 1, 1, 2, 3], x) }
    #expect(throws: OperatorError.self) {
      try run(
        Conv3DTranspose(options: .table([1: .int32(2), 2: .int32(2), 3: .int32(2)])),
        [
          TestTensor([1, 4, 4, 4, 2] as [Int64]), TestTensor([Float](repeating: 0, count: 6), w),
          TestTensor([Float](repeating: 0, count: 24), x),
        ], outputs: [(.float32, .none)])
    }
  }
}
