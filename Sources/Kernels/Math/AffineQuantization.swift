internal import CKernels
internal import TensorTypes

/// `x / scale`, rounded with ties away from zero, plus the zero point, limited to the integers of a type.
///
/// Source: TFLite's `AffineQuantize`, including what an x86-64 machine makes of numbers that are out of range; results have the same bits.
struct AffineQuantizer<Output: FixedWidthInteger & BitwiseCopyable & Sendable>: UnaryElementFunction {
  let scale: Float
  let zeroPoint: Int32
  let low: Int32
  let high: Int32

  init(_ parameters: AffineParameters, low: Int32 = Int32(Output.min), high: Int32 = Int32(Output.max)) {
    self.init(scale: parameters.scale, zeroPoint: parameters.zeroPoint, low: low, high: high)
  }

  init(scale: Float, zeroPoint: Int32, low: Int32 = Int32(Output.min), high: Int32 = Int32(Output.max)) {
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.low = low
    self.high = high
  }

  @inline(__always) func apply(_ x: Float) -> Output {
    let scaled = x / scale
    let limit: Float = 4_194_304
    // Adding 1.5 * 2^23 rounds to even and leaves the integer in the low bits; ties towards zero are then moved away from it.
    let magic: Float = 12_582_912
    let raised = scaled < -limit ? -limit : scaled
    let limited = raised > limit ? limit : raised
    let shifted = limited + magic
    let even = Int32(bitPattern: shifted.bitPattern) &- Int32(bitPattern: magic.bitPattern)
    let remainder = limited - (shifted - magic)
    let up: Int32 = remainder == 0.5 ? (limited > 0 ? 1 : 0) : 0
    let down: Int32 = remainder == -0.5 ? (limited < 0 ? 1 : 0) : 0
    let rounded = even &+ up &- down
    let fits = scaled < 2_147_483_648 ? (scaled >= -2_147_483_648 ? rounded : .min) : .min
    return Output(truncatingIfNeeded: clamped(fits &+ zeroPoint, low, high))
  }
}

extension AffineQuantizer {
  /// The kernel that quantises each of `count` floats of input 0.
  func kernel(count: Int) -> Kernel {
    guard let microkernels = Microkernels.current, low == Int32(Output.min), high == Int32(Output.max) else {
      return kernel(count: count, grain: elementwiseGrain)
    }
    return Kernel { io throws(OperatorError) in
      try io.parallel(count, grain: elementwiseGrain) { range in
        let x = io.input(0, as: Float.self, in: range)
        var y = io.output(0, as: Output.self, in: range)
        apply(x, &y, microkernels)
      }
    }
  }

  /// Quantises all of `x`, to the full range of `Int8`, `UInt8` or `Int16`.
  func apply(_ x: Span<Float>, _ y: inout MutableSpan<Output>, _ microkernels: Microkernels) {
    precondition(x.count == y.count)
    let type = tflk_type(quantized: Output.self)
    unsafe x.withUnsafeBufferPointer { source in
      unsafe y.withUnsafeMutableBytes { target in
        unsafe microkernels.table.pointee.f32_affine_quantize(
          source.baseAddress, source.count, scale, zeroPoint, type, target.baseAddress)
      }
    }
  }
}

/// `scale * (q - zeroPoint)`.
struct AffineDequantizer<Input: FixedWidthInteger & BitwiseCopyable & Sendable>: UnaryElementFunction {
  let scale: Float
  let zeroPoint: Int32

  @inline(__always) func apply(_ x: Input) -> Float {
    scale * Float(Int32(truncatingIfNeeded: x) &- zeroPoint)
  }
}

/// Another scale and zero point for quantised integers.
///
/// Source: TFLite's `Requantize`; results have the same bits.
struct Requantizer<
  Input: FixedWidthInteger & BitwiseCopyable & Sendable, Output: FixedWidthInteger & BitwiseCopyable & Sendable
>: UnaryElementFunction {
  let inputZeroPoint: Int32
  let outputZeroPoint: Int32
  let multiplier: QuantizedMultiplier

  init(from input: AffineParameters, to output: AffineParameters) {
    inputZeroPoint = input.zeroPoint
    outputZeroPoint = output.zeroPoint
    multiplier = QuantizedMultiplier(Double(input.scale) / Double(output.scale))
  }

  @inline(__always) func apply(_ x: Input) -> Output {
    let value = multiplier.apply(Int32(truncatingIfNeeded: x) &- inputZeroPoint) &+ outputZeroPoint
    return Output(clamping: value)
  }
}
