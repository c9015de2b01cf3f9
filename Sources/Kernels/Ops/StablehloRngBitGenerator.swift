public import TensorTypes

/// `STABLEHLO_RNG_BIT_GENERATOR`: random bits that follow from a state, and the state for the bits after them.
///
/// Input 0 is the state, a vector of `uint64`: a key, a counter and, for Philox only, a third element that may be left out. Output 0 is the
/// new state; output 1, of the declared shape and type (`int32`, `uint32`, `int64` or `uint64`), is filled with blocks of Philox-4x32 or
/// Threefry-2x32, the key in the first element and the counter in the second, which counts blocks.
public struct StablehloRngBitGenerator: Operator {
  public static let definition = OperatorDefinition(.stablehloRngBitGenerator, versions: 1...1, options2: 19)

  /// Source: the schema's `RngAlgorithm`.
  package enum Algorithm: Int8, Sendable {
    case automatic = 0
    case philox = 1
    case threefry = 2
  }

  package let algorithm: Algorithm

  public init(options: OperatorOptions) throws(OperatorError) {
    let raw = try options.int8(0)
    guard let algorithm = Algorithm(rawValue: raw) else { throw .malformed("\(raw) is not a random algorithm") }
    self.algorithm = algorithm
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1, outputs: 2)
    try node.expectSameElement()
    let state = try node.input(0)
    guard state.element == .uint64, state.shape.rank == 1 else {
      throw .malformed("the state must be a vector of uint64, not \(state)")
    }
    let size = state.shape[0]
    guard size == 2 || (size == 3 && algorithm != .threefry) else {
      throw .malformed("a state of \(size) elements; Threefry needs 2, Philox 2 or 3")
    }
    let output = try node.output(1)
    guard [.int32, .uint32, .int64, .uint64].contains(output.element) else {
      throw .unsupported("\(output.element) bits; int32, uint32, int64 and uint64 are supported")
    }
    return [state.shape, output.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    guard let bytes = try node.output(1).byteCount else { throw .malformed("the output is too large") }
    let words = bytes / 4
    return algorithm == .threefry
      ? Self.kernel(Threefry2x32.self, words: words) : Self.kernel(Philox4x32.self, words: words)
  }

  private static func kernel<G: CounterRandom>(_: G.Type, words: Int) -> Kernel {
    Kernel { io throws(OperatorError) in
      let state = io.input(0, as: UInt64.self)
      let key = state[0]
      let first = state[1]
      let upper = state.count > 2 ? state[2] : state[0]
      let blocks = (words + G.words - 1) / G.words
      try io.parallel(blocks, grain: 1024) { range in
        let end = min(range.upperBound * G.words, words)
        var y = io.output(1, as: UInt32.self, in: range.lowerBound * G.words..<end)
        var position = 0
        for index in range {
          let counter = first &+ UInt64(truncatingIfNeeded: index)
          let block = G.block(key: key.halves, counter: SIMD4(lowHalf: counter.halves, highHalf: upper.halves))
          for word in 0..<min(G.words, y.count - position) { y[position + word] = block[word] }
          position += G.words
        }
      }
      var next = io.output(0, as: UInt64.self)
      for index in next.indices { next[index] = state[index] }
      next[1] = first &+ UInt64(truncatingIfNeeded: blocks)
    }
  }
}

extension UInt64 {
  /// The lower and the upper word.
  fileprivate var halves: SIMD2<UInt32> {
    SIMD2(UInt32(truncatingIfNeeded: self), UInt32(truncatingIfNeeded: self &>> 32))
  }
}
