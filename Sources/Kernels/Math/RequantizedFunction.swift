internal import CKernels
internal import TensorTypes

/// How a 32-bit result becomes a quantised output element: multiplied, moved by the zero point, clamped.
struct OutputQuantization: Sendable {
  let multiplier: QuantizedMultiplier
  let zeroPoint: Int32
  let low: Int32
  let high: Int32

  @inline(__always) func apply(_ value: Int32) -> Int32 {
    clamped(multiplier.apply(value) &+ zeroPoint, low, high)
  }

  /// Requantises values to elements of type `T` (`Int8`, `UInt8` or `Int16`), as many from `start` on.
  func requantize<T: FixedWidthInteger & BitwiseCopyable>(
    _ values: Span<Int32>, _ result: inout MutableSpan<T>, at start: Int = 0
  ) {
    precondition(start >= 0 && start <= result.count && values.count <= result.count - start)
    unsafe values.withUnsafeBufferPointer { source in
      unsafe result.withUnsafeMutableBytes { target in
        var output = unsafe tflk_quantized_output()
        unsafe output.data = target.baseAddress.map { unsafe $0 + start * MemoryLayout<T>.stride }
        unsafe output.type = tflk_type(quantized: T.self)
        unsafe output.output_zero_point = zeroPoint
        unsafe output.activation_min = low
        unsafe output.activation_max = high
        // Safety: the target has as many elements from `start` on.
        unsafe Microkernels.best.table.pointee.requantize(
          source.baseAddress, source.count, multiplier.multiplier, multiplier.shift, &output)
      }
    }
  }
}

extension BinaryElementFunction where Output == Int32 {
  /// The kernel that applies the function to inputs 0 and 1, broadcast against each other, and requantises its results to elements of type
  /// `T` (`Int8`, `UInt8` or `Int16`) with the C kernels.
  func kernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ broadcast: Broadcast, _ quantization: OutputQuantization, to _: T.Type
  ) -> Kernel {
    let leftRepeats = broadcast.repeats(0)
    let rightRepeats = broadcast.repeats(1)
    return Kernel { io throws(OperatorError) in
      try io.parallel(broadcast.shape.elementCount, grain: elementwiseGrain) { range in
        // Blocks are small enough to stay in the first-level cache. A block is read before it is written, so inputs may lie under the output.
        var sums = InlineArray<128, Int32>(repeating: 0)
        io.forEachRun(broadcast, in: range, of: Left.self, Right.self) { run, a, b in
          var start = 0
          while start < run.count {
            let length = min(sums.count, run.count - start)
            var block = sums.mutableSpan
            let x = leftRepeats ? a : a.extracting(start..<start + length)
            let y = rightRepeats ? b : b.extracting(start..<start + length)
            if leftRepeats {
              let value = x[0]
              precondition(y.count <= block.count)
              for i in y.indices { block[i] = apply(value, y[i]) }
            } else if rightRepeats {
              let value = y[0]
              precondition(x.count <= block.count)
              for i in x.indices { block[i] = apply(x[i], value) }
            } else {
              precondition(x.count <= block.count && x.count == y.count)
              for i in x.indices { block[i] = apply(x[i], y[i]) }
            }
            var result = io.output(0, as: T.self, in: run.lowerBound + start..<run.lowerBound + start + length)
            quantization.requantize(block.span.extracting(first: length), &result)
            start += length
          }
        }
      }
    }
  }
}
