public import TensorTypes

/// `LSH_PROJECTION`: bits that are likely to be the same for similar inputs (locality sensitive hashing).
///
/// Inputs: seeds `float32[hashes, bits]` with at most 32 bits, values `[count, ...]` of strings or any type of whole bytes with at least one
/// item,
/// optional weights `float32[count]`. A bit is 1 when the weighted sum of the fingerprints of seed and item, read as signed integers, is
/// above 0. The output (`int32`) has all bits (`DENSE`, `[hashes * bits]`) or one number for each hash, moved by its index (`SPARSE`,
/// `[hashes]`).
public struct LshProjection: Operator {
  public static let definition = OperatorDefinition(.lshProjection, versions: 1...1, options: 4)

  /// Raw values are the schema's `LSHProjectionType`.
  package enum Form: Int8, Sendable {
    case sparse = 1
    case dense = 2
  }

  package let form: Form

  public init(options: OperatorOptions) throws(OperatorError) {
    let raw = try options.int8(0)
    guard let form = Form(rawValue: raw) else { throw .malformed("\(raw) is not a kind of projection") }
    self.form = form
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2...3)
    try node.expectOutput(.int32)
    if try node.input(1).element != .string { try node.expectWholeBytes(1) }
    let seeds = try node.input(0)
    let values = try node.input(1)
    guard seeds.element == .float32, seeds.shape.rank == 2, seeds.shape[1] <= 32 else {
      throw .malformed("the seeds must be float32[hashes, bits] with at most 32 bits, not \(seeds)")
    }
    guard values.shape.rank >= 1, values.shape[0] >= 1 else {
      throw .malformed("the values \(values.shape) must have at least one item")
    }
    if node.inputs.count == 3 {
      let weights = try node.input(2)
      guard weights.element == .float32, weights.shape.dimensions == [values.shape[0]] else {
        throw .malformed("the weights must be float32[\(values.shape[0])], not \(weights)")
      }
    }
    let count = form == .sparse ? seeds.shape[0] : seeds.shape.elementCount
    guard let shape = Shape([count]) else { throw .malformed("seeds \(seeds.shape) are too many") }
    return [shape]
  }

  /// Of strings the whole tensor, with its header, is cut into `count` pieces of equal size, as TFLite's kernel does.
  private func strings(hashes: Int, bits: Int, count: Int, _ hasWeights: Bool) -> Kernel {
    let isSparse = form == .sparse
    return Kernel { io throws(OperatorError) in
      let values = try io.strings(1).layout
      let seeds = io.input(0, as: UInt32.self)
      let weights = io.input(hasWeights ? 2 : 0, as: Float.self)
      let itemBytes = values.count / count
      var key = [UInt8](repeating: 0, count: 4 + itemBytes)
      var y = io.output(0, as: Int32.self)
      for hash in 0..<hashes {
        try io.context.checkStop()
        var signature: Int32 = 0
        for bit in 0..<bits {
          let seed = seeds[hash * bits + bit]
          for i in 0..<4 { key[i] = UInt8(truncatingIfNeeded: seed >> UInt32(8 * i)) }
          var score = 0.0
          for item in 0..<count {
            for i in 0..<itemBytes { key[4 + i] = values[item * itemBytes + i] }
            let value = Double(Int64(bitPattern: Fingerprint.of(key.span)))
            score += hasWeights ? Double(weights[item]) * value : value
          }
          let isSet: Int32 = score > 0 ? 1 : 0
          if isSparse { signature = signature << 1 | isSet } else { y[hash * bits + bit] = isSet }
        }
        guard isSparse else { continue }
        y[hash] = signature &+ Int32(truncatingIfNeeded: hash) &* (1 &<< Int32(truncatingIfNeeded: bits))
      }
    }
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let seeds = try node.input(0).shape
    let values = try node.input(1)
    let (hashes, bits) = (seeds[0], seeds[1])
    let count = values.shape[0]
    if values.element == .string { return strings(hashes: hashes, bits: bits, count: count, node.inputs.count == 3) }
    guard let total = values.byteCount else { throw .malformed("\(values) is too large") }
    let keyBytes = 4 + total / count
    let isSparse = form == .sparse
    let hasWeights = node.inputs.count == 3
    let workers = node.threads
    return Kernel(scratch: [workers * keyBytes]) { io throws(OperatorError) in
      try io.forEachTile(hashes, workers: workers) { hash, worker in
        let seeds = io.input(0, as: UInt32.self, in: hash * bits..<(hash + 1) * bits)
        let values = io.input(1, as: UInt8.self)
        let weights = io.input(hasWeights ? 2 : 0, as: Float.self)
        var signature: Int32 = 0
        for bit in 0..<bits {
          if io.context.shouldStop { return }
          var score = 0.0
          for item in 0..<count {
            var key = io.scratch(0, as: UInt8.self, in: worker * keyBytes..<(worker + 1) * keyBytes)
            for i in 0..<4 { key[i] = UInt8(truncatingIfNeeded: seeds[bit] >> UInt32(8 * i)) }
            for i in 4..<keyBytes { key[i] = values[item * (keyBytes - 4) + i - 4] }
            let value = Double(Int64(bitPattern: Fingerprint.of(key.span)))
            score += hasWeights ? Double(weights[item]) * value : value
          }
          let isSet: Int32 = score > 0 ? 1 : 0
          if isSparse {
            signature = signature << 1 | isSet
          } else {
            var y = io.output(0, as: Int32.self, in: hash * bits + bit..<hash * bits + bit + 1)
            y[0] = isSet
          }
        }
        if isSparse {
          var y = io.output(0, as: Int32.self, in: hash..<hash + 1)
          // Shifts beyond the width start over, as TFLite's do.
          y[0] = signature &+ Int32(truncatingIfNeeded: hash) &* (1 &<< Int32(truncatingIfNeeded: bits))
        }
      }
    }
  }
}
