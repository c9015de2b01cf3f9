internal import Glibc
internal import TensorTypes

/// `LOGISTIC` and `TANH` of 16-bit integers: straight lines between 256 values of the logistic function.
///
/// Source: TFLite's reference kernels for `int16`; results have the same bits.
struct ShortSigmoid: UnaryElementFunction {
  /// The logistic function at `i / 24`, with 16 fraction bits, moved by half of what a straight line to the next value misses in the middle.
  private final class Table: Sendable {
    let values: InlineArray<256, UInt32>
    init() {
      func logistic(_ index: Double) -> Double { 65536 / (1 + exp(-index / 24)) }
      values = InlineArray { index in
        guard index < 255 else { return 65535 }
        let value = logistic(Double(index))
        let line = (value + logistic(Double(index + 1))) / 2
        return UInt32((value - (line - logistic(Double(index) + 0.5)) / 2).rounded(.toNearestOrAwayFromZero))
      }
    }
  }

  private let table = Table()
  private let multiplier: Int32
  private let shift: Int32
  private let isTanh: Bool

  init(_ node: NodeContext, tanh: Bool) throws(OperatorError) {
    let input = try node.affineInput(0)
    let output = try node.affineOutput()
    try node.expectSymmetric(input, output)
    guard powerOfTwo(output.scale) == -15 else {
      throw .malformed("the output has the scale \(output.scale); int16 results must have 1/32768")
    }
    isTanh = tanh
    let (logarithm, isExact) = roundedLogarithm(input.scale)
    let exponent = 12 &+ logarithm
    if isExact, exponent == 0 || (tanh && exponent == 1) {
      multiplier = 3 << exponent
      shift = 0
    } else {
      var factor = Double(input.scale) * 4096 * 3
      var doublings: Int32 = 0
      while factor <= 32767.0 / 2, doublings <= 30 {
        doublings += 1
        factor *= 2
      }
      let truncated = Int32(machineTruncating: factor)
      multiplier = truncated == 0 ? 3 &<< doublings : truncated
      shift = truncated == 0 ? 0 : doublings
    }
  }

  @inline(__always) func apply(_ x: Int16) -> Int16 {
    let rounding: Int32 = shift > 0 ? 1 &<< (shift &- 1) : 0
    let scaled = (Int32(x) &* multiplier &+ rounding) &>> shift
    let magnitude = scaled.magnitude
    let fractionBits: UInt32 = isTanh ? 8 : 9
    let index = magnitude &>> fractionBits
    var result: UInt32
    if index >= 255 {
      result = isTanh ? 0xFFFF << 8 : 0x7FFF << 10
    } else {
      let low = table.values[Int(index)]
      let high = table.values[Int(index) &+ 1]
      result = (low &<< fractionBits) &+ (magnitude & ((1 &<< fractionBits) &- 1)) &* (high &- low)
    }
    if isTanh {
      let signed = Int32(bitPattern: result)
      let value = scaled >= 0 ? signed &- (1 << 23) &+ (1 << 7) : 0 &- signed &+ (1 << 23) &+ (1 << 7) &- 1
      return Int16(truncatingIfNeeded: value &>> 8)
    }
    result = scaled >= 0 ? result &+ (1 << 9) : (1 << 25) &- result &+ (1 << 9) &- 1
    return Int16(truncatingIfNeeded: result &>> 10)
  }
}
