internal import TensorTypes

/// The `uint8` matrix product of `FULLY_CONNECTED` whose weights are stored in blocks of 4 units by 16 elements, with their highest bits
/// turned (the schema's `SHUFFLED4x16INT8`).
///
/// One or four rows of activations, whose zero point is 128; `int16` results. Output 1 receives the activations in the order that the product
/// takes them, with their highest bits turned.
struct ShuffledMatrixProduct {
  private let rows: Int
  private let units: Int
  private let depth: Int
  private let multiplier: QuantizedMultiplier
  private let range: ClosedRange<Int32>

  /// - Throws: `malformed` or `unsupported` for operands that there is no such product for.
  init(_ node: NodeContext, activation: FusedActivation) throws(OperatorError) {
    try node.expect(inputs: 3, outputs: 2)
    let input = try node.input(0)
    let weights = try node.input(1)
    let bias = try node.input(2)
    let output = try node.output(0)
    guard input.element == .uint8, weights.element == .uint8, bias.element == .int32, output.element == .int16,
      try node.output(1).element == .uint8
    else {
      throw .unsupported(
        "shuffled \(weights.element) weights with \(input.element) input, \(bias.element) bias and \(output.element) "
          + "output; uint8 weights and input, int32 bias and int16 output are supported")
    }
    guard weights.shape.rank == 2 else { throw .malformed("the weights \(weights) must have rank 2") }
    (units, depth) = (weights.shape[0], weights.shape[1])
    guard depth > 0, depth % 16 == 0, units % 4 == 0 else {
      throw .malformed("shuffled weights of shape \(weights.shape); multiples of 4 by 16 are needed")
    }
    rows = input.shape.elementCount / depth
    guard rows * depth == input.shape.elementCount, rows == 1 || rows == 4 else {
      throw .unsupported("input \(input) for shuffled weights of depth \(depth); 1 or 4 rows are supported")
    }
    guard bias.shape.elementCount == units else {
      throw .malformed("the bias \(bias) must have one element for each of \(units) units")
    }
    let scales = try WeightScales(weights, channels: units, axis: 0)
    guard !scales.isPerChannel else { throw .unsupported("shuffled weights with one scale per channel") }
    multiplier = QuantizedMultiplier(try scales.legacyFactor(input: input, output: output))
    range = try activation.quantizedRange(output)
  }

  func kernel() -> Kernel {
    Kernel { [rows, units, depth, multiplier, range] io throws(OperatorError) in
      let x = io.input(0, as: UInt8.self)
      var shuffled = io.output(1, as: UInt8.self)
      precondition(x.count == rows * depth && shuffled.count == x.count)
      for row in 0..<rows {
        for element in 0..<depth {
          let place = rows == 1 ? element : element / 16 * 64 + row * 16 + element % 16
          shuffled[place] = x[row * depth + element] ^ 0x80
        }
      }
      try io.parallel(units / 4, grain: max(1, (1 << 14) / depth)) { range4 in
        let x = io.input(0, as: UInt8.self)
        let weights = io.input(1, as: UInt8.self)
        let bias = io.input(2, as: Int32.self)
        var y = io.output(0, as: Int16.self)
        for unit in range4.lowerBound * 4..<range4.upperBound * 4 {
          for row in 0..<rows {
            var sum: Int32 = 0
            for block in 0..<depth / 16 {
              let place = (unit / 4 * (depth / 16) + block) * 64 + unit % 4 * 16
              for element in 0..<16 {
                let a = Int32(Int8(bitPattern: x[row * depth + block * 16 + element] ^ 0x80))
                sum &+= a &* Int32(Int8(bitPattern: weights[place + element]))
              }
            }
            let scaled = multiplier.apply(sum &+ bias[unit])
            y[row * units + unit] = Int16(truncatingIfNeeded: clamped(scaled, range.lowerBound, range.upperBound))
          }
        }
      }
    }
  }
}
