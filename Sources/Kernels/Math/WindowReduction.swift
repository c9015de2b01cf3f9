internal import TensorTypes

/// What a window of elements is reduced to. Raw values are the schema's `ReduceWindowFunction`.
package enum WindowFunction: Int32, Sendable {
  case sum = 1
  case product = 2
  case minimum = 3
  case maximum = 4
  case all = 5
  case any = 6
}

/// Reduces windows that slide over a tensor, each beginning with an initial value.
struct WindowReduction: Sendable {
  static let maximumRank = 6

  let shape: Shape
  private let window: StridedBox
  /// For each output dimension the input's elements from one window to the next.
  private let steps: [Int]
  private let inputCount: Int

  /// - Throws: `malformed` for sizes, strides or dilations below 1.
  init(_ input: Shape, window: [Int], strides: [Int], dilations: [Int]) throws(OperatorError) {
    let rank = input.rank
    guard rank >= 1, rank <= Self.maximumRank else {
      throw .unsupported("an input of rank \(rank); 1 to \(Self.maximumRank) are supported")
    }
    guard window.count == rank, strides.count == rank, dilations.count == rank else {
      throw .malformed(
        "\(window.count) sizes, \(strides.count) strides and \(dilations.count) dilations for rank \(rank)")
    }
    let inputStrides = input.strides
    var sizes: [Int] = []
    var box: [(size: Int, source: Int, target: Int)] = []
    var steps: [Int] = []
    for axis in 0..<rank {
      guard window[axis] >= 1, strides[axis] >= 1, dilations[axis] >= 1 else {
        throw .malformed(
          "size \(window[axis]), stride \(strides[axis]) and dilation \(dilations[axis]) of a window must be at least 1"
        )
      }
      let (reach, overflow) = (window[axis] - 1).multipliedReportingOverflow(by: dilations[axis])
      if overflow || reach >= input[axis] {
        sizes.append(0)
        box.append((0, 0, 0))
        steps.append(0)
      } else {
        sizes.append((input[axis] - reach - 1) / strides[axis] + 1)
        box.append((window[axis], dilations[axis].multipliedReportingOverflow(by: inputStrides[axis]).partialValue, 0))
        steps.append(strides[axis].multipliedReportingOverflow(by: inputStrides[axis]).partialValue)
      }
    }
    guard let shape = Shape(sizes) else { throw .malformed("the result's shape \(sizes) is not valid") }
    self.shape = shape
    self.steps = steps
    inputCount = input.elementCount
    self.window = StridedBox(shape.elementCount == 0 ? [(0, 0, 0)] : box)
  }

  /// The kernel for a function and element type.
  ///
  /// - Parameter padding: applied to input 0 first, into scratch 0; its value is the initial one, input 1.
  func kernel(
    _ function: WindowFunction, _ element: ElementType, padding: InteriorPadding? = nil
  ) throws(OperatorError) -> Kernel {
    switch element {
    case .int8, .bool: return integerKernel(function, Int8.self, padding)
    case .uint8: return integerKernel(function, UInt8.self, padding)
    case .int16: return integerKernel(function, Int16.self, padding)
    case .int32: return integerKernel(function, Int32.self, padding)
    case .int64: return integerKernel(function, Int64.self, padding)
    case .float32: return realKernel(function, Float.self, padding)
    case .float64: return realKernel(function, Double.self, padding)
    case let other:
      throw .unsupported("\(other) input; bool, int8, uint8, int16, int32, int64, float32 and float64 are supported")
    }
  }

  private func integerKernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ function: WindowFunction, _: T.Type, _ padding: InteriorPadding?
  ) -> Kernel {
    switch function {
    case .sum: kernel(IntegerCombination<SumCombination, T>(), padding)
    case .product: kernel(IntegerCombination<ProductCombination, T>(), padding)
    case .minimum: kernel(LaterMinimum<T>(), padding)
    case .maximum: kernel(LaterMaximum<T>(), padding)
    case .all: kernel(Both<T>(), padding)
    case .any: kernel(Either<T>(), padding)
    }
  }

  private func realKernel<T: BinaryFloatingPoint & BitwiseCopyable & Sendable>(
    _ function: WindowFunction, _: T.Type, _ padding: InteriorPadding?
  ) -> Kernel {
    switch function {
    case .sum: kernel(RealCombination<SumCombination, T>(), padding)
    case .product: kernel(RealCombination<ProductCombination, T>(), padding)
    case .minimum: kernel(LaterMinimum<T>(), padding)
    case .maximum: kernel(LaterMaximum<T>(), padding)
    case .all: kernel(Both<T>(), padding)
    case .any: kernel(Either<T>(), padding)
    }
  }

  /// The later element where a comparison with NaN decides.
  private struct LaterMinimum<T: Comparable & BitwiseCopyable & Sendable>: BinaryElementFunction {
    @inline(__always) func apply(_ a: T, _ b: T) -> T { a <= b ? a : b }
  }

  /// The later element where a comparison with NaN decides.
  private struct LaterMaximum<T: Comparable & BitwiseCopyable & Sendable>: BinaryElementFunction {
    @inline(__always) func apply(_ a: T, _ b: T) -> T { a >= b ? a : b }
  }

  private struct Both<T: Numeric & BitwiseCopyable & Sendable>: BinaryElementFunction {
    @inline(__always) func apply(_ a: T, _ b: T) -> T { a != 0 && b != 0 ? 1 : 0 }
  }

  private struct Either<T: Numeric & BitwiseCopyable & Sendable>: BinaryElementFunction {
    @inline(__always) func apply(_ a: T, _ b: T) -> T { a != 0 || b != 0 ? 1 : 0 }
  }

  private func kernel<F: BinaryElementFunction>(_ function: F, _ padding: InteriorPadding?) -> Kernel
  where F.Left == F.Right, F.Right == F.Output {
    let count = shape.elementCount
    guard count > 0 else { return Kernel { _ throws(OperatorError) in } }
    let sizes = shape.dimensions
    return Kernel(scratch: padding.map { [$0.byteCount] } ?? []) { io throws(OperatorError) in
      let isPadded = padding != nil
      if let padding {
        try unsafe padding.run(io, io.inputBytes(0), value: io.inputBytes(1), to: io.scratchBytes(0))
      }
      try io.parallel(count, grain: max(1, 8192 / window.count)) { range in
        let initial = io.input(1, as: F.Left.self)[0]
        var y = io.output(0, as: F.Output.self, in: range)
        let x = isPadded ? io.scratchSpan(0, as: F.Left.self) : io.input(0, as: F.Left.self)
        precondition(x.count >= inputCount)
        for position in y.indices {
          var rest = range.lowerBound + position
          var start = 0
          for axis in sizes.indices.reversed() {
            start &+= rest % sizes[axis] &* steps[axis]
            rest /= sizes[axis]
          }
          var result = initial
          window.forEachRow { source, _, row in
            let first = start &+ source
            for index in 0..<row.size { result = function.apply(result, x[first &+ index &* row.source]) }
          }
          y[position] = result
        }
      }
    }
  }
}

extension Operands {
  /// The elements of a scratch buffer, for reading.
  @inline(__always) @_lifetime(borrow self)
  fileprivate func scratchSpan<T: BitwiseCopyable>(_ index: Int, as type: T.Type) -> Span<T> {
    span(unsafe slots[inputCount + outputCount + index])
  }
}
