import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// What the activations that clamp to an interval have in common.
struct ClampChecks {
  let operation: any Operator
  let low: Double
  let high: Double
  let types: [ElementType]

  private func clamp(_ x: Double) -> Double { x < low ? low : x > high ? high : x }

  func clampsFloats() throws {
    try expectRealFunctionOverSizes(operation, .float32, in: -9...9, tolerance: 0) { clamp($0) }
    let beyond = high.isFinite ? high : 3e38
    try expectNumbers(
      operation, .float32, [.nan, .infinity, -.infinity, -3e38, 3e38, 0.25, low, beyond],
      [.nan, high, low, low, high.isFinite ? high : 3e38, 0.25, low, beyond])
  }

  /// From and to zero points at both ends, with scales at which the interval is wider or narrower than the type.
  func clampsQuantised(_ element: ElementType) throws {
    for (from, to) in [(0.05, 0.05), (0.05, 0.03), (0.01, 0.2), (2, 0.004)] as [(Float, Float)] {
      for input in forms(element, from) {
        for output in forms(element, to) {
          try expectQuantizedFunction(operation, from: input, to: output) { clamp($0) }
        }
      }
    }
  }

  private func forms(_ element: ElementType, _ scale: Float) -> [AffineForm] {
    element == .int16 ? [AffineForm(.int16, scale: scale, zeroPoint: 0)] : AffineForm.zeroPoints(element, scale: scale)
  }

  /// Wrong operands and quantisations; an input without quantisation stands for zeros.
  func refuses() throws {
    for element in types where element != .float32 {
      try expectSoundQuantization(operation, element)
      try expectSurvivalOfExtremeScales(operation, element)
      try expectZeroOfUnquantized(operation, element)
    }
    if types.contains(.int16) {
      let skewed = AffineForm(.int16, scale: 1, zeroPoint: 3)
      expectRejection(.malformed, of: operation, [try skewed.tensor([1])], outputs: [skewed.output])
    }
    let channels = Quantization.perChannel(scales: [1, 2], zeroPoints: [0, 0], axis: 0)
    expectRejection(
      .unsupported, of: operation, [try TestTensor([1, 2] as [Int8], quantization: channels)],
      outputs: [(.int8, channels)])
    try expectElementwiseRejections(operation, supported: types)
  }
}
