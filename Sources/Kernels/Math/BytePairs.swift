internal import CKernels
internal import TensorTypes

/// A sum or a product of two bytes that is requantised to a byte, on the C kernel that computes it in floats with the bits of the definition.
struct BytePairs: Sendable {
  private let microkernels: Microkernels
  private let function: tflk_byte_pairs
  private let quantization: OutputQuantization
  private let type: tflk_type

  /// The fewest pairs for which the search for the float form, some 20 microseconds, is worth its time.
  private static let fewest = 4096

  /// `apply(left) + apply(right)` or their product, for operands that meet as `broadcast` says.
  ///
  /// - Parameters:
  ///   - left: the integer that stands for a byte of the left operand, before the bytes are combined.
  ///   - scales: the same in real numbers, in units of the output's scale.
  /// - Returns: nil when floats do not give the same bits, or when there are too few elements for it to pay.
  init?<T: FixedWidthInteger>(
    of _: T.Type, multiplies: Bool, left: (Int32) -> Int32, right: (Int32) -> Int32, scales: tflk_byte_pair_scales,
    _ quantization: OutputQuantization, _ broadcast: Broadcast
  ) {
    guard broadcast.shape.elementCount >= Self.fewest, let microkernels = Microkernels.current else { return nil }
    type = tflk_type(quantized: T.self)
    var tables = InlineArray<512, Int32>(repeating: 0)
    for i in 0..<256 {
      let value = Int32(T.min) + Int32(i)
      tables[i] = left(value)
      tables[256 + i] = right(value)
    }
    var found = tflk_byte_pairs()
    let output = unsafe Self.output(type, quantization)
    let multiplier = quantization.multiplier
    let isFound = unsafe tables.span.withUnsafeBufferPointer { tables in
      unsafe withUnsafePointer(to: output) { output in
        unsafe withUnsafePointer(to: scales) { scales in
          guard let base = tables.baseAddress else { return false }
          return unsafe microkernels.table.pointee.fit_byte_pairs(
            multiplies, base, base + 256, multiplier.multiplier, multiplier.shift, scales, output, &found)
        }
      }
    }
    guard isFound else { return nil }
    function = found
    self.quantization = quantization
    self.microkernels = microkernels
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
    let leftRepeats = broadcast.repeats(0)
    let rightRepeats = broadcast.repeats(1)
    return Kernel { io throws(OperatorError) in
      try io.parallel(broadcast.shape.elementCount, grain: 4 * elementwiseGrain) { range in
        broadcast.forEachRun(in: range) { position, left, right, count in
          let a = io.input(0, as: UInt8.self, in: left..<left + (leftRepeats ? 1 : count))
          let b = io.input(1, as: UInt8.self, in: right..<right + (rightRepeats ? 1 : count))
          var y = io.output(0, as: UInt8.self, in: position..<position + count)
          var output = unsafe Self.output(type, quantization)
          // Safety: the spans have `count` elements, or one where the operand repeats.
          unsafe a.withUnsafeBytes { a in
            unsafe b.withUnsafeBytes { b in
              unsafe y.withUnsafeMutableBytes { y in
                unsafe output.data = y.baseAddress
                unsafe withUnsafePointer(to: function) { function in
                  unsafe microkernels.table.pointee.byte_pairs(
                    function, &output, a.baseAddress, leftRepeats, b.baseAddress, rightRepeats, count)
                }
              }
            }
          }
        }
      }
    }
  }
}
