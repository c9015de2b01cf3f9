import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// A convolution written from TFLite's definition, in exact integers or double precision: the answer that kernels are compared with.
struct ConvolutionOracle {
  var input: [Int]
  var filter: [Int]
  var stride: (Int, Int) = (1, 1)
  var dilation: (Int, Int) = (1, 1)
  var same = true

  func output(_ axis: Int) -> Int {
    let (s, d) = axis == 1 ? (stride.0, dilation.0) : (stride.1, dilation.1)
    let window = (filter[axis] - 1) * d + 1
    return same ? (input[axis] + s - 1) / s : (window > input[axis] ? 0 : (input[axis] - window) / s + 1)
  }

  func padding(_ axis: Int) -> Int {
    let (s, d) = axis == 1 ? (stride.0, dilation.0) : (stride.1, dilation.1)
    return max(0, (output(axis) - 1) * s + (filter[axis] - 1) * d + 1 - input[axis]) / 2
  }

  /// Sums for a standard convolution with groups, or (`depthwise`) for one filter per channel. `product` multiplies an input with a weight.
  func sums(
    _ x: [Double], _ w: [Double], depthwise: Bool = false, product: (Double, Double) -> Double = { $0 * $1 }
  ) -> [Double] {
    let channels = depthwise ? filter[3] : filter[0]
    let depth = depthwise ? 1 : filter[3]
    let groupSize = channels / (input[3] / depth)
    var result: [Double] = []
    for b in 0..<input[0] {
      for oy in 0..<output(1) {
        for ox in 0..<output(2) {
          for oc in 0..<channels {
            var sum = 0.0
            for ky in 0..<filter[1] {
              for kx in 0..<filter[2] {
                let y = oy * stride.0 + ky * dilation.0 - padding(1)
                let z = ox * stride.1 + kx * dilation.1 - padding(2)
                guard y >= 0, y < input[1], z >= 0, z < input[2] else { continue }
                for k in 0..<depth {
                  let xi = ((b * input[1] + y) * input[2] + z) * input[3] + oc / groupSize * depth + k
                  let wi =
                    depthwise
                    ? (ky * filter[2] + kx) * channels + oc : ((oc * filter[1] + ky) * filter[2] + kx) * depth + k
                  sum += product(x[xi], w[wi])
                }
              }
            }
            result.append(sum)
          }
        }
      }
    }
    return result
  }

  /// Sums of the transposed convolution: `input` is the shape of its result, `filter` is OHWI.
  func transposedSums(_ x: [Double], _ w: [Double], product: (Double, Double) -> Double = { $0 * $1 }) -> [Double] {
    let (h, v) = (output(1), output(2))
    var result = [Double](repeating: 0, count: input[0] * input[1] * input[2] * filter[0])
    for b in 0..<input[0] {
      for iy in 0..<h {
        for ix in 0..<v {
          for ky in 0..<filter[1] {
            for kx in 0..<filter[2] {
              let y = iy * stride.0 + ky - padding(1)
              let z = ix * stride.1 + kx - padding(2)
              guard y >= 0, y < input[1], z >= 0, z < input[2] else { continue }
              for oc in 0..<filter[0] {
                for k in 0..<filter[3] {
                  result[((b * input[1] + y) * input[2] + z) * filter[0] + oc] += product(
                    x[((b * h + iy) * v + ix) * filter[3] + k],
                    w[((oc * filter[1] + ky) * filter[2] + kx) * filter[3] + k])
                }
              }
            }
          }
        }
      }
    }
    return result
  }
}

/// Fixed-point scaling written from its definition: the high half of a doubled product, then a rounding shift.
func fixedPoint(_ sum: Int, _ factor: Double) -> Int {
  let (multiplier, shift) = mantissa(factor)
  let shifted = Int(Int32(truncatingIfNeeded: sum << max(shift, 0)))
  let high = (shifted * multiplier + (1 << 30)) >> 31
  let right = max(-shift, 0)
  guard right > 0 else { return high }
  let half = 1 << (right - 1)
  return high >= 0 ? (high + half) >> right : -((-high + half) >> right)
}

/// Scaling of 64-bit sums: a 15-bit factor, then one rounding shift.
func wideFixedPoint(_ sum: Int, _ factor: Double) -> Int {
  let (multiplier, shift) = mantissa(factor)
  let reduced = multiplier < 0x7FFF_0000 ? (multiplier + 0x8000) >> 16 : 0x7FFF
  return (sum * reduced + 1 << (14 - shift)) >> (15 - shift)
}

private func mantissa(_ factor: Double) -> (multiplier: Int, shift: Int) {
  var shift = 0
  var fraction = factor
  while fraction >= 1 { (fraction, shift) = (fraction / 2, shift + 1) }
  while fraction < 0.5 { (fraction, shift) = (fraction * 2, shift - 1) }
  let multiplier = Int((fraction * 2_147_483_648).rounded(.toNearestOrAwayFromZero))
  return multiplier == 1 << 31 ? (1 << 30, shift + 1) : (multiplier, shift)
}

func clamped(_ value: Int, _ low: Int, _ high: Int) -> Int { min(max(value, low), high) }

/// What dynamic quantisation makes of a row: values around the zero point, with their scale.
func dynamicallyQuantized(_ row: [Float], asymmetric: Bool) -> (values: [Double], scale: Double) {
  let low = row.min() ?? 0
  let high = row.max() ?? 0
  if asymmetric {
    let (low, high) = (Double(min(low, 0)), Double(max(high, 0)))
    guard low < high else { return (row.map { _ in 0 }, 1) }
    let scale = (high - low) / 255
    let fromLow = -128 - low / scale
    let fromHigh = 127 - high / scale
    let exact = 128 + abs(low / scale) < 127 + abs(high / scale) ? fromLow : fromHigh
    let zero = Float(min(max(exact.rounded(.toNearestOrAwayFromZero), -128), 127))
    let inverse = 1 / Float(scale)
    let q = row.map { min(max((zero + $0 * inverse).rounded(.toNearestOrAwayFromZero), -128), 127) }
    return (q.map { Double($0 - zero) }, Double(Float(scale)))
  }
  let range = max(abs(low), abs(high))
  guard range > 0 else { return (row.map { _ in 0 }, 1) }
  let inverse = 127 / range
  return (row.map { Double(($0 * inverse).rounded(.toNearestOrAwayFromZero)) }, Double(range / 127))
}

extension TestTensor {
  /// Small integers packed into bytes, the first in the lowest bits.
  static func packed(_ values: [Int8], _ dimensions: [Int], bits: Int, _ quantization: Quantization) throws
    -> TestTensor
  {
    let perByte = 8 / bits
    var bytes = [UInt8](repeating: 0, count: (values.count + perByte - 1) / perByte)
    for (i, value) in values.enumerated() {
      bytes[i / perByte] |= (UInt8(bitPattern: value) & UInt8((1 << bits) - 1)) << UInt8(bits * (i % perByte))
    }
    var tensor = try TestTensor([UInt8](), [0])
    tensor.type = TensorType(
      element: bits == 4 ? .int4 : .int2, shape: try #require(Shape(dimensions)), quantization: quantization)
    tensor.bytes = bytes
    return tensor
  }
}
