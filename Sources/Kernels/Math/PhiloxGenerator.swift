internal import Glibc
internal import Synchronization
internal import TensorTypes

/// The counter-based random number generator Philox 4x32 with 10 rounds: block `n` of four numbers is a function of the seeds and `n`.
///
/// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011.
struct PhiloxGenerator: Sendable {
  private let key: SIMD2<UInt32>
  private let stream: UInt64

  /// - Parameters:
  ///   - seed: the key.
  ///   - seed2: the upper half of the counter, whose lower half counts blocks.
  init(seed: UInt64, seed2: UInt64) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    stream = seed2
  }

  /// Four random numbers.
  @inline(__always)
  func block(_ index: UInt64) -> SIMD4<UInt32> {
    var counter = SIMD4(
      UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
      UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
    var key = key
    for _ in 0..<10 {
      let a = UInt64(counter[0]) &* 0xD251_1F53
      let b = UInt64(counter[2]) &* 0xCD9E_8D57
      counter = SIMD4(
        UInt32(truncatingIfNeeded: b >> 32) ^ counter[1] ^ key[0], UInt32(truncatingIfNeeded: b),
        UInt32(truncatingIfNeeded: a >> 32) ^ counter[3] ^ key[1], UInt32(truncatingIfNeeded: a))
      key[0] &+= 0x9E37_79B9
      key[1] &+= 0xBB67_AE85
    }
    return counter
  }

  /// A number in [0, 1) from 23 random bits.
  @inline(__always)
  static func float(_ bits: UInt32) -> Float {
    Float(bitPattern: 127 << 23 | bits & 0x7F_FFFF) - 1
  }

  /// A number in [0, 1) from 52 random bits.
  @inline(__always)
  static func double(_ high: UInt32, _ low: UInt32) -> Double {
    Double(bitPattern: 1023 << 52 | UInt64(high & 0xF_FFFF) << 32 | UInt64(low)) - 1
  }

  /// Two independent numbers of the standard normal distribution, by the method of Box and Muller.
  @inline(__always)
  static func normal(_ first: UInt32, _ second: UInt32) -> (Float, Float) {
    let u = float(first)
    let radius = (-2 * logf(u < 1e-7 ? 1e-7 : u)).squareRoot()
    let angle = Float(2 * Double.pi * Double(float(second)))
    return (sinf(angle) * radius, cosf(angle) * radius)
  }
}

/// The random numbers of one operator in one interpreter: a generator and how many of its blocks were used.
final class RandomSequence: Sendable {
  let generator: PhiloxGenerator
  private let used = Atomic<UInt64>(0)

  init(_ generator: PhiloxGenerator) {
    self.generator = generator
  }

  /// The first of `count` blocks that nobody else gets.
  func take(_ count: UInt64) -> UInt64 { used.wrappingAdd(count, ordering: .relaxed).oldValue }
}

/// The options of the random operators (the schema's `RandomOptions`), and who has them.
struct RandomSeeds: Sendable {
  let seed: Int64
  let seed2: Int64
  private let identity = OperatorIdentity()

  init(_ options: OperatorOptions) throws(OperatorError) {
    seed = try options.int64(0)
    seed2 = try options.int64(1)
  }

  /// The operator's sequence in this interpreter. When both seeds are 0 it differs each time.
  func sequence(_ io: Operands) -> RandomSequence {
    io.context.states.state(of: identity) {
      guard seed == 0, seed2 == 0 else {
        return RandomSequence(
          PhiloxGenerator(seed: UInt64(bitPattern: seed), seed2: UInt64(bitPattern: seed2)))
      }
      var system = SystemRandomNumberGenerator()
      return RandomSequence(PhiloxGenerator(seed: system.next(), seed2: system.next()))
    }
  }

  /// The output shape of an operator whose only input is that shape, `int32`.
  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    let type = try node.input(0)
    guard type.element == .int32, type.shape.rank == 1 else {
      throw .malformed("the shape must be a vector of int32, not \(type)")
    }
    let output = try node.output(0).element
    guard output == .float32 else { throw .unsupported("\(output) output; float32 is supported") }
    let dimensions = try node.integers(0)
    guard let shape = Shape(dimensions) else { throw .invalidValue("\(dimensions) is not a valid shape") }
    return [shape]
  }

  /// A kernel that fills output 0 with floats.
  ///
  /// - Parameter convert: four floats from a block.
  @inline(__always)
  func kernel(
    count: Int, picoseconds: Int, convert: @escaping @Sendable (SIMD4<UInt32>) -> SIMD4<Float>
  ) -> Kernel {
    let blocks = (count + 3) / 4
    return Kernel { io throws(OperatorError) in
      let sequence = sequence(io)
      let first = sequence.take(UInt64(blocks))
      let generator = sequence.generator
      try io.parallel(blocks, grain: 50_000_000 / picoseconds) { range in
        var y = io.output(0, as: Float.self, in: 4 * range.lowerBound..<min(4 * range.upperBound, count))
        for block in range {
          let values = convert(generator.block(first &+ UInt64(block)))
          let start = 4 * (block - range.lowerBound)
          for i in 0..<min(4, y.count - start) { y[start + i] = values[i] }
        }
      }
    }
  }
}
