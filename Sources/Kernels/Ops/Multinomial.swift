internal import Glibc
public import TensorTypes

/// `MULTINOMIAL`: for each row of logits (input 0, `float32[batch, classes]`) as many random classes as input 1 (a scalar of `int32`) says,
/// each with a probability proportional to the exponential of its logit.
///
/// The output is `[batch, samples]`, `int32` or `int64`. A logit that is not finite is never drawn. With a seed, the first invocation of an
/// interpreter draws what TFLite draws, and each further one what follows; without (both seeds 0) draws differ from one interpreter to the
/// next.
public struct Multinomial: Operator {
  public static let definition = OperatorDefinition(.multinomial, versions: 1...1, options: 114)

  private let seeds: RandomSeeds

  public init(options: OperatorOptions) throws(OperatorError) { seeds = try RandomSeeds(options) }

  public var isPure: Bool { false }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    let logits = try node.input(0)
    let samples = try node.input(1)
    guard logits.element == .float32, logits.shape.rank == 2, logits.shape[1] > 0 else {
      throw .malformed("the logits must be float32[batch, classes], not \(logits)")
    }
    guard samples.element == .int32, samples.shape.rank == 0 else {
      throw .malformed("the number of samples must be a scalar of int32, not \(samples)")
    }
    let output = try node.output(0).element
    guard output == .int32 || output == .int64 else {
      throw .unsupported("\(output) output; int32 and int64 are supported")
    }
    let count = try node.integers(1)
    guard count.count == 1, let shape = Shape([logits.shape[0], count[0]]) else {
      throw .invalidValue("\(count) is no number of samples for logits \(logits.shape)")
    }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let output = try node.output(0)
    let classes = try node.input(0).shape[1]
    let (batch, samples) = (output.shape[0], output.shape[1])
    let isWide = output.element == .int64
    // TFLite moves on by far more blocks than it uses, as TensorFlow does.
    let blocks = UInt64(batch) &* UInt64((samples + 3) / 4 * 4) &* 512
    let seeds = seeds
    return Kernel(scratch: [classes * MemoryLayout<Double>.stride]) { io throws(OperatorError) in
      let sequence = seeds.sequence(io)
      let first = sequence.take(blocks)
      var sums = io.scratch(0, as: Double.self, in: 0..<classes)
      for row in 0..<batch {
        let logits = io.input(0, as: Float.self, in: row * classes..<(row + 1) * classes)
        var largest = -Float.greatestFiniteMagnitude
        for i in logits.indices where logits[i].isFinite && largest < logits[i] { largest = logits[i] }
        var total = 0.0
        for i in logits.indices {
          if logits[i].isFinite { total += exp(Double(logits[i]) - Double(largest)) }
          sums[i] = total
        }
        for sample in 0..<samples {
          if sample % 1024 == 0 { try io.context.checkStop() }
          // A sample takes half a block.
          let place = row * samples + sample
          let bits = sequence.generator.block(first &+ UInt64(place / 2))
          let part = 2 * (place % 2)
          let wanted = PhiloxGenerator.double(bits[part], bits[part + 1]) * total
          // The first class whose sum is above.
          var low = 0
          var high = classes
          while low < high {
            let middle = (low + high) / 2
            if wanted < sums[middle] { high = middle } else { low = middle + 1 }
          }
          if isWide {
            var y = io.output(0, as: Int64.self, in: place..<place + 1)
            y[0] = Int64(low)
          } else {
            var y = io.output(0, as: Int32.self, in: place..<place + 1)
            y[0] = Int32(truncatingIfNeeded: low)
          }
        }
      }
    }
  }
}
