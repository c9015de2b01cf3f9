internal import CKernels
internal import TensorTypes

/// A function of one real number that the C kernels apply to whole arrays, with the precision that `CKernels.h` states.
enum FloatFunction: Sendable {
  case exponential
  case logistic
  case tanh
  /// `e^x - 1` below 0, else `x`.
  case exponentialLinear
  case gelu
  /// GELU by the hyperbolic tangent.
  case approximateGELU
  case hardSwish
  /// `x / (1 + e^-x)`.
  case silu
  /// The natural logarithm.
  case logarithm
  case sine
  case cosine
  case floor
  case ceiling
  /// The nearest whole number, ties to even.
  case round
  case squareRoot
  case reciprocalSquareRoot
  case square

  typealias Map = @convention(c) (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) -> Void

  var map: Map? {
    let maps = unsafe Microkernels.best.table.pointee.f32_function
    return switch self {
    case .exponential: unsafe maps.0
    case .logistic: unsafe maps.1
    case .tanh: unsafe maps.2
    case .exponentialLinear: unsafe maps.3
    case .gelu: unsafe maps.4
    case .approximateGELU: unsafe maps.5
    case .hardSwish: unsafe maps.6
    case .silu: unsafe maps.7
    case .logarithm: unsafe maps.8
    case .sine: unsafe maps.9
    case .cosine: unsafe maps.10
    case .floor: unsafe maps.11
    case .ceiling: unsafe maps.12
    case .round: unsafe maps.13
    case .squareRoot: unsafe maps.14
    case .reciprocalSquareRoot: unsafe maps.15
    case .square: unsafe maps.16
    }
  }

  /// `y[i] = f(x[i])`.
  func apply(_ x: Span<Float>, _ y: inout MutableSpan<Float>) {
    precondition(x.count == y.count)
    // Safety: the kernel reads and writes as many elements as both spans have.
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        unsafe map?(x.baseAddress, y.baseAddress, x.count)
      }
    }
  }

  /// `x[i] = f(x[i])`.
  func apply(_ x: inout MutableSpan<Float>) {
    // Safety: a kernel may write where it reads.
    unsafe x.withUnsafeMutableBufferPointer { x in
      unsafe map?(UnsafePointer(x.baseAddress), x.baseAddress, x.count)
    }
  }

  func apply(_ x: Float) -> Float {
    var y: Float = 0
    unsafe withUnsafePointer(to: x) { x in unsafe map?(x, &y, 1) }
    return y
  }

  /// The kernel for elements of a floating type; nil for other types. Elements of 16 bits are computed in `float32`.
  func kernel(_ type: TensorType) -> Kernel? {
    let count = type.shape.elementCount
    return switch type.element {
    case .float32: floatKernel(count: count)
    case .float16: halfKernel(count: count, grain: Self.grain) { apply(&$0) }
    case .bfloat16: bfloat16Kernel(count: count)
    default: nil
    }
  }

  /// Elements worth handing to another thread.
  private static let grain = 8192

  private func floatKernel(count: Int) -> Kernel {
    Kernel { io throws(OperatorError) in
      let inPlace = io.isInPlace(input: 0)
      try io.parallel(count, grain: Self.grain) { range in
        var y = io.output(0, as: Float.self, in: range)
        if inPlace {
          apply(&y)
        } else {
          apply(io.input(0, as: Float.self, in: range), &y)
        }
      }
    }
  }

  private func bfloat16Kernel(count: Int) -> Kernel {
    Kernel { io throws(OperatorError) in
      try io.parallel(count, grain: Self.grain) { range in
        let x = io.input(0, as: BFloat16.self, in: range)
        var y = io.output(0, as: BFloat16.self, in: range)
        var wide = InlineArray<256, Float>(repeating: 0)
        for start in stride(from: 0, to: x.count, by: 256) {
          let length = min(256, x.count - start)
          for i in 0..<length { wide[i] = Float(x[start + i]) }
          var span = wide.mutableSpan
          apply(&span)
          for i in 0..<length { y[start + i] = BFloat16(wide[i]) }
        }
      }
    }
  }
}

/// Arithmetic of two `float32` operands that the C kernels apply to whole arrays.
enum FloatArithmetic: Sendable {
  case add
  case subtract
  case multiply
  case divide
  case squaredDifference
  /// `a > b ? a : b`.
  case maximum
  /// `a < b ? a : b`.
  case minimum
  /// `a >= 0 ? a : a * b`.
  case prelu

  typealias Combine =
    @convention(c) (
      UnsafePointer<Float>?, Bool, UnsafePointer<Float>?, Bool, UnsafeMutablePointer<Float>?, Int, Float, Float
    ) -> Void

  var combine: Combine? {
    unsafe own(Microkernels.best.table.pointee.f32_arithmetic)
  }

  /// The function of this arithmetic in a table of the C kernels.
  private func own<Function>(
    _ functions: (Function?, Function?, Function?, Function?, Function?, Function?, Function?, Function?)
  ) -> Function? {
    switch self {
    case .add: functions.0
    case .subtract: functions.1
    case .multiply: functions.2
    case .divide: functions.3
    case .squaredDifference: functions.4
    case .maximum: functions.5
    case .minimum: functions.6
    case .prelu: functions.7
    }
  }

  /// The kernel that combines inputs 0 and 1, broadcast against each other, and clamps the result to a range. NaN passes.
  func kernel(_ broadcast: Broadcast, _ range: ClosedRange<Float> = -.infinity ... .infinity) -> Kernel {
    // Copies of a run pay where it is so short that its rows do not fill vectors.
    let isCopied = broadcast.repeatedRun.map { $0.length < 64 } ?? false
    if broadcast.hasShortRuns, !isCopied { return blockKernel(broadcast, range) }
    let leftRepeats = broadcast.repeats(0)
    let rightRepeats = broadcast.repeats(1)
    let combine = unsafe combine
    return Kernel { io throws(OperatorError) in
      try io.parallel(broadcast.shape.elementCount, grain: elementwiseGrain) { part in
        io.forEachRun(broadcast, in: part, of: Float.self, Float.self) { run, a, b in
          // Safety: the spans have the elements that the kernel reads and writes; it may write where it reads.
          var y = io.output(0, as: Float.self, in: run)
          unsafe a.withUnsafeBufferPointer { a in
            unsafe b.withUnsafeBufferPointer { b in
              unsafe y.withUnsafeMutableBufferPointer { y in
                unsafe combine?(
                  a.baseAddress, leftRepeats, b.baseAddress, rightRepeats, y.baseAddress, run.count, range.lowerBound,
                  range.upperBound)
              }
            }
          }
        }
      }
    }
  }
}

extension FloatArithmetic {
  private typealias CombineRows =
    @convention(c) (
      UnsafePointer<Float>?, Bool, Int, UnsafePointer<Float>?, Bool, Int, UnsafeMutablePointer<Float>?, Int, Int, Float,
      Float
    ) -> Void

  private var combineRows: CombineRows? {
    unsafe own(Microkernels.best.table.pointee.f32_row_arithmetic)
  }

  /// The same for many short runs, as outer products and vectors per row have them.
  private func blockKernel(_ broadcast: Broadcast, _ range: ClosedRange<Float>) -> Kernel {
    let combine = unsafe combineRows
    let (leftRepeats, rightRepeats) = (broadcast.repeats(0), broadcast.repeats(1))
    let length = broadcast.block.length
    let (leftStep, rightStep) = (broadcast.steps(0).row, broadcast.steps(1).row)
    return Kernel { io throws(OperatorError) in
      try io.parallel(broadcast.shape.elementCount / length, grain: max(1, elementwiseGrain / length)) { part in
        broadcast.forEachBlock(ofRuns: part) { first, left, right, count in
          let a = io.input(
            0, as: Float.self, in: left..<left + (count - 1) * leftStep + (leftRepeats ? 1 : length))
          let b = io.input(
            1, as: Float.self, in: right..<right + (count - 1) * rightStep + (rightRepeats ? 1 : length))
          var y = io.output(0, as: Float.self, in: first * length..<(first + count) * length)
          // Safety: the spans have the elements that the kernel reads and writes; it may write where it reads.
          unsafe a.withUnsafeBufferPointer { a in
            unsafe b.withUnsafeBufferPointer { b in
              unsafe y.withUnsafeMutableBufferPointer { y in
                unsafe combine?(
                  a.baseAddress, leftRepeats, leftStep, b.baseAddress, rightRepeats, rightStep, y.baseAddress, count,
                  length, range.lowerBound, range.upperBound)
              }
            }
          }
        }
      }
    }
  }

  private typealias CombineHalves =
    @convention(c) (
      UnsafePointer<UInt16>?, Bool, UnsafePointer<UInt16>?, Bool, UnsafeMutablePointer<UInt16>?, Int, Float, Float
    ) -> Void

  private var combineHalves: CombineHalves? {
    let functions = unsafe Microkernels.best.table.pointee.f16_arithmetic
    return unsafe own((functions.0, functions.1, functions.2, functions.3, nil, nil, nil, nil))
  }

  /// The kernel that combines `float16` inputs 0 and 1, each result rounded once: of sums, differences, products and
  /// quotients only.
  func halfKernel(_ broadcast: Broadcast, _ range: ClosedRange<Float16>) -> Kernel {
    let leftRepeats = broadcast.repeats(0)
    let rightRepeats = broadcast.repeats(1)
    let (low, high) = (Float(range.lowerBound), Float(range.upperBound))
    let combine = unsafe combineHalves
    return Kernel { io throws(OperatorError) in
      try io.parallel(broadcast.shape.elementCount, grain: elementwiseGrain) { part in
        io.forEachRun(broadcast, in: part, of: UInt16.self, UInt16.self) { run, a, b in
          // Safety: the spans have the elements that the kernel reads and writes; it may write where it reads.
          var y = io.output(0, as: UInt16.self, in: run)
          unsafe a.withUnsafeBufferPointer { a in
            unsafe b.withUnsafeBufferPointer { b in
              unsafe y.withUnsafeMutableBufferPointer { y in
                unsafe combine?(
                  a.baseAddress, leftRepeats, b.baseAddress, rightRepeats, y.baseAddress, run.count, low, high)
              }
            }
          }
        }
      }
    }
  }
}
