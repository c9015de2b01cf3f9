import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct Conv3DTests {
  @Test(arguments: VolumeOracle.cases.indices) func convolves(index: Int) throws {
    let oracle = VolumeOracle.cases[index]
    var generator = SeededGenerator(seed: UInt64(index))
    let x = generator.floats(oracle.input.reduce(1, *))
    let w = generator.floats(oracle.filter.reduce(1, *))
    let bias = generator.floats(oracle.filter[4])
    let sums = oracle.convolve(x, w)
    let image = try TestTensor(x, oracle.input)
    let filter = try TestTensor(w, oracle.filter)
    let plain = sums.map { Float($0) }
    let offset = sums.indices.map { Float(sums[$0] + Double(bias[$0 % bias.count])) }
    var inputs: [[TestTensor?]] = [[image, filter], [image, filter.constant], [image, filter, nil]]
    for (number, operands) in inputs.enumerated() {
      let result = try run(
        Conv3D(options: oracle.options()), operands, outputs: [(.float32, .none)], threads: number + 1)
      #expect(result[0].type.shape.dimensions == oracle.shape)
      expectClose(result[0].floats, plain, tolerance: 2e-6)
    }
    inputs = [[image, filter, try TestTensor(bias)], [image, filter.constant, try TestTensor(bias).constant]]
    for operands in inputs {
      let result = try run(Conv3D(options: oracle.options(activation: 1)), operands, outputs: [(.float32, .none)])
      expectClose(result[0].floats, offset.map { max($0, 0) }, tolerance: 2e-6)
    }
  }

  @Test func windowsDoNotDependOnThreads() throws {
    let oracle = VolumeOracle(input: [2, 9, 10, 11, 8], filter: [3, 3, 3, 8, 20])
    var generator = SeededGenerator(seed: 1)
    let operands = [
      try TestTensor(generator.floats(oracle.input.reduce(1, *)), oracle.input),
      try TestTensor(generator.floats(oracle.filter.reduce(1, *)), oracle.filter).constant,
    ]
    let one = try run(Conv3D(options: oracle.options()), operands, outputs: [(.float32, .none)])
    let four = try run(Conv3D(options: oracle.options()), operands, outputs: [(.float32, .none)], threads: 4)
    #expect(one[0].bytes == four[0].bytes)
  }

  @Test func clampsAndKeepsNaN() throws {
    let oracle = VolumeOracle(input: [1, 1, 1, 3, 1], filter: [1, 1, 1, 1, 1])
    let result = try run(
      Conv3D(options: oracle.options(activation: 3)),
      [TestTensor([.nan, 9, -.infinity] as [Float], oracle.input), TestTensor([1] as [Float], oracle.filter)],
      outputs: [(.float32, .none)])
    expectClose(result[0].floats, [.nan, 6, 0])
  }

  @Test func limitsInfinities() throws {
    let oracle = VolumeOracle(input: [1, 1, 1, 3, 1], filter: [1, 1, 1, 1, 1])
    let result = try run(
      Conv3D(options: oracle.options()),
      [TestTensor([.infinity, 9, -.infinity] as [Float], oracle.input), TestTensor([1] as [Float], oracle.filter)],
      outputs: [(.float32, .none)])
    let largest = Double(Float.greatestFiniteMagnitude)
    expectNear(result[0].numbers, [largest, 9, -largest], tolerance: 0)
  }

  @Test func takesAnEmptyBatch() throws {
    let oracle = VolumeOracle(input: [0, 2, 2, 2, 1], filter: [1, 1, 1, 1, 2])
    let result = try run(
      Conv3D(options: oracle.options()),
      [TestTensor([Float](), oracle.input), TestTensor([1, 2] as [Float], oracle.filter)], outputs: [(.float32, .none)])
    #expect(result[0].type.shape.dimensions == [0, 2, 2, 2, 2])
  }

  @Test func refusesWhatDoesNotFit() throws {
    func attempt(
      _ input: [Int], _ filter: [Int], _ fields: [Int: OptionsField] = [:], bias: [Float]? = nil
    ) throws {
      var options: [Int: OptionsField] = [1: .int32(1), 2: .int32(1), 3: .int32(1)]
      options.merge(fields) { $1 }
      var inputs = [
        try TestTensor([Float](repeating: 0, count: input.reduce(1, *)), input),
        try TestTensor([Float](repeating: 0, count: filter.reduce(1, *)), filter),
      ]
      if let bias { inputs.append(try TestTensor(bias)) }
      _ = try run(Conv3D(options: .table(options)), inputs, outputs: [(.float32, .none)])
    }
    let (x, w) = ([1, 2, 2, 2, 1], [1, 1, 1, 1, 1])
    try attempt(x, w)
    #expect(throws: OperatorError.self) { try attempt([2, 2, 2, 1], w) }
    #expect(throws: OperatorError.self) { try attempt(x, [1, 1, 1, 1]) }
    #expect(throws: OperatorError.self) { try attempt(x, [1, 1, 1, 2, 1]) }
    #expect(throws: OperatorError.self) { try attempt([1, 0, 2, 2, 1], w) }
    #expect(throws: OperatorError.self) { try attempt(x, [0, 1, 1, 1, 1]) }
    #expect(throws: OperatorError.self) { try attempt(x, [5, 1, 1, 1, 1], [0: .int8(1)]) }
    #expect(throws: OperatorError.self) { try attempt(x, w, bias: [1, 2]) }
    for slot in [1, 2, 3, 5, 6, 7] {
      for value in [0, -1] as [Int32] {
        #expect(throws: OperatorError.self) { try attempt(x, w, [slot: .int32(value)]) }
      }
      if slot < 5 { try attempt(x, w, [slot: .int32(.max)]) }
    }
    #expect(throws: OperatorError.self) { try attempt(x, w, [0: .int8(2)]) }
    #expect(throws: OperatorError.self) { try attempt(x, w, [4: .int8(4)]) }
    #expect(throws: OperatorError.self) { try attempt(x, w, [4: .int8(9)]) }
    #expect(throws: OperatorError.self) {
      try run(
        Conv3D(options: .table([1: .int32(1), 2: .int32(1), 3: .int32(1)])),
        [TestTensor([1] as [Int8], [1, 1, 1, 1, 1]), TestTensor([1] as [Int8], w)], outputs: [(.int8, .none)])
    }
  }
}
