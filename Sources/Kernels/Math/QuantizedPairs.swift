internal import CKernels
internal import TensorTypes

/// A sum or a product of two quantised integers that is requantised to their type, on the C kernels that compute it with the bits of the
/// definition: of bytes in floats where there are enough elements to find out how, otherwise in the definition's steps.
struct QuantizedPairs: Sendable {
  enum Operation {
    /// The scales that bring the operands, shifted to the left by 20 (those of 16 bits by 15), to their common scale.
    case sum(left: QuantizedMultiplier, right: QuantizedMultiplier, subtracts: Bool)
    case product
  }

  private let microkernels: Microkernels
  private let function: tflk_byte_pairs
  private let quantization: OutputQuantization
  private let type: tflk_type

  /// The fewest pairs for which the search for the float form, some 20 microseconds, is worth its time.
  private static let fewest = 4096

  /// The operation on operands that meet as `broadcast` says.
  ///
  /// - Parameters:
  ///   - left: the integer that stands for a byte of the left operand, before the bytes are combined.
  ///   - scales: the same in real numbers, in units of the output's scale.
  init<T: FixedWidthInteger>(
    _ operation: Operation, of _: T.Type, left: (Int32) -> Int32, right: (Int32) -> Int32,
    scales: tflk_byte_pair_scales, _ quantization: OutputQuantization, _ broadcast: Broadcast
  ) {
    type = tflk_type(quantized: T.self)
    self.quantization = quantization
    let microkernels = Microkernels.best
    self.microkernels = microkernels
    let exact = Self.exact(operation, scales, quantization)
    guard T.bitWidth == 8, broadcast.shape.elementCount >= Self.fewest else {
      function = exact
      return
    }
    var tables = InlineArray<512, Int32>(repeating: 0)
    for i in 0..<256 {
      let value = Int32(T.min) + Int32(i)
      tables[i] = left(value)
      tables[256 + i] = right(value)
    }
    var found = tflk_byte_pairs()
    let output = unsafe Self.output(tflk_type(quantized: T.self), quantization)
    let multiplier = quantization.multiplier
    let isFound = unsafe tables.span.withUnsafeBufferPointer { tables in
      unsafe withUnsafePointer(to: output) { output in
        unsafe withUnsafePointer(to: scales) { scales in
          guard let base = tables.baseAddress else { return false }
          return unsafe microkernels.table.pointee.fit_byte_pairs(
            exact.multiplies, base, base + 256, multiplier.multiplier, multiplier.shift, scales, output, &found)
        }
      }
    }
    function = isFound ? found : exact
  }

  private static func exact(
    _ operation: Operation, _ scales: tflk_byte_pair_scales, _ quantization: OutputQuantization
  ) -> tflk_byte_pairs {
    func fixed(_ multiplier: QuantizedMultiplier) -> tflk_fixed_scale {
      tflk_fixed_scale(multiplier: multiplier.multiplier, shift: multiplier.shift)
    }
    var function = tflk_byte_pairs()
    function.is_exact = true
    function.fixed = fixed(quantization.multiplier)
    function.left_zero_point = scales.left_zero_point
    function.right_zero_point = scales.right_zero_point
    switch operation {
    case .sum(let left, let right, let subtracts):
      function.left_fixed = fixed(left)
      function.right_fixed = fixed(right)
      function.subtracts = subtracts
    case .product: function.multiplies = true
    }
    return function
  }

  private static func output(_ type: tflk_type, _ quantization: OutputQuantization) -> tflk_quantized_output {
    var output = unsafe tflk_quantized_output()
    unsafe output.type = type
    unsafe output.output_zero_point = quantization.zeroPoint
    unsafe output.activation_min = quantization.low
    unsafe output.activation_max = quantization.high
    return unsafe output
  }

  /// The kernel for inputs 0 and 1.
  func kernel(_ broadcast: Broadcast) -> Kernel {
    if type == TFLK_INT16 {
      return unsafe kernel(broadcast, of: Int16.self) { [microkernels] function, output, a, b, count in
        unsafe microkernels.table.pointee.short_pairs(
          function, output, a.baseAddress, broadcast.repeats(0), b.baseAddress, broadcast.repeats(1), count)
      }
    }
    return unsafe kernel(broadcast, of: UInt8.self) { [microkernels] function, output, a, b, count in
      unsafe microkernels.table.pointee.byte_pairs(
        function, output, a.baseAddress, broadcast.repeats(0), b.baseAddress, broadcast.repeats(1), count)
    }
  }

  private func kernel<T: BitwiseCopyable>(
    _ broadcast: Broadcast, of _: T.Type,
    _ combine:
      @escaping @Sendable (
        _ function: UnsafePointer<tflk_byte_pairs>, _ output: UnsafePointer<tflk_quantized_output>,
        _ a: UnsafeBufferPointer<T>, _ b: UnsafeBufferPointer<T>, _ count: Int
      ) -> Void
  ) -> Kernel {
    Kernel { io throws(OperatorError) in
      try io.parallel(broadcast.shape.elementCount, grain: 4 * elementwiseGrain) { range in
        var output = unsafe Self.output(type, quantization)
        unsafe withUnsafePointer(to: function) { function in
          io.forEachRun(broadcast, in: range, of: T.self, T.self) { run, a, b in
            var y = io.output(0, as: T.self, in: run)
            // Safety: the spans have the run's elements, or one where the operand repeats.
            unsafe a.withUnsafeBufferPointer { a in
              unsafe b.withUnsafeBufferPointer { b in
                unsafe y.withUnsafeMutableBytes { y in
                  unsafe output.data = y.baseAddress
                  unsafe combine(function, &output, a, b, run.count)
                }
              }
            }
          }
        }
      }
    }
  }
}
