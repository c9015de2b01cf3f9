internal import TensorTypes

/// A function of one element. Conforming types are small values; their `apply` is inlined into the loop of ``kernel(count:)``.
protocol UnaryElementFunction: Sendable {
  associatedtype Input: BitwiseCopyable
  associatedtype Output: BitwiseCopyable
  func apply(_ x: Input) -> Output
}

/// A function of two elements.
protocol BinaryElementFunction: Sendable {
  associatedtype Left: BitwiseCopyable
  associatedtype Right: BitwiseCopyable
  associatedtype Output: BitwiseCopyable
  func apply(_ a: Left, _ b: Right) -> Output
}

/// Elements worth handing to another thread, for functions of a few instructions.
let elementwiseGrain = 16384

extension UnaryElementFunction {
  /// The kernel that applies the function to each of `count` elements of input 0.
  ///
  /// - Parameter grain: the least number of elements worth handing to another thread.
  func kernel(count: Int, grain: Int = elementwiseGrain) -> Kernel {
    Kernel { io throws(OperatorError) in
      let inPlace = io.isInPlace(input: 0)
      try io.parallel(count, grain: grain) { range in
        var y = io.output(0, as: Output.self, in: range)
        if inPlace, Input.self == Output.self {
          // One span for both: loads and stores then provably meet only at the same element, which keeps the loop vectorised.
          for i in y.indices { y[i] = apply(unsafe unsafeBitCast(y[i], to: Input.self)) }
        } else {
          let x = io.input(0, as: Input.self, in: range)
          precondition(x.count == y.count)
          for i in x.indices { y[i] = apply(x[i]) }
        }
      }
    }
  }
}

extension BinaryElementFunction {
  /// The kernel that applies the function to inputs 0 and 1, broadcast against each other.
  func kernel(_ broadcast: Broadcast, grain: Int = elementwiseGrain) -> Kernel {
    let leftRepeats = broadcast.repeats(0)
    let rightRepeats = broadcast.repeats(1)
    return Kernel { io throws(OperatorError) in
      let inPlace = Left.self == Output.self && io.isInPlace(input: 0)
      try io.parallel(broadcast.shape.elementCount, grain: grain) { range in
        io.forEachRun(broadcast, in: range, of: Left.self, Right.self) { run, a, b in
          var y = io.output(0, as: Output.self, in: run)
          if leftRepeats {
            let a = a[0]
            precondition(b.count == y.count)
            for i in b.indices { y[i] = apply(a, b[i]) }
          } else if rightRepeats {
            let b = b[0]
            if inPlace {
              for i in y.indices { y[i] = apply(unsafe unsafeBitCast(y[i], to: Left.self), b) }
            } else {
              precondition(a.count == y.count)
              for i in a.indices { y[i] = apply(a[i], b) }
            }
          } else if inPlace {
            precondition(b.count == y.count)
            for i in y.indices { y[i] = apply(unsafe unsafeBitCast(y[i], to: Left.self), b[i]) }
          } else {
            precondition(a.count == y.count && b.count == y.count)
            for i in a.indices { y[i] = apply(a[i], b[i]) }
          }
        }
      }
    }
  }
}

extension Operands {
  /// Whether output 0 occupies the memory of this input.
  func isInPlace(input: Int) -> Bool {
    let source = unsafe inputBytes(input)
    let target = unsafe outputBytes(0)
    return unsafe source.count == target.count && source.baseAddress == UnsafeRawPointer(target.baseAddress)
  }
}

/// The kernel that copies input 0 to output 0, which has the same bytes.
func copyKernel(byteCount: Int) -> Kernel {
  Kernel { io throws(OperatorError) in
    if io.isInPlace(input: 0) { return }
    try io.parallel(byteCount, grain: 1 << 20) { range in
      let x = io.input(0, as: UInt8.self, in: range)
      var y = io.output(0, as: UInt8.self, in: range)
      precondition(x.count == y.count)
      for i in x.indices { y[i] = x[i] }
    }
  }
}
