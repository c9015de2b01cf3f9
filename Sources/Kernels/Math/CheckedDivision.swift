internal import TensorTypes

extension Kernel {
  /// This kernel, after a look at input 1 for elements equal to `zero`, which are an error.
  func checkingDivisor<T: FixedWidthInteger & BitwiseCopyable & Sendable>(_: T.Type, zero: T = 0) -> Kernel {
    Kernel(scratch: scratch) { [invoke] io throws(OperatorError) in
      let divisor = io.input(1, as: T.self)
      for i in divisor.indices where divisor[i] == zero { throw .invalidValue("division by zero") }
      try invoke(io)
    }
  }

  /// This kernel, after a look for quotients that do not exist: an element of input 1 that is 0, or -1 where the element of input 0 is the
  /// smallest of its type.
  func checkingQuotient<T: FixedWidthInteger & SignedInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ broadcast: Broadcast
  ) -> Kernel {
    let checked = checkingDivisor(T.self)
    return Kernel(scratch: scratch) { [invoke = checked.invoke] io throws(OperatorError) in
      let dividend = io.input(0, as: T.self)
      let divisor = io.input(1, as: T.self)
      var isSuspect = false
      for i in divisor.indices where divisor[i] == -1 { isSuspect = true }
      if isSuspect {
        var overflows = false
        var runs = Broadcast.RunIterator(broadcast, in: 0..<broadcast.shape.elementCount)
        while let run = runs.next() {
          for i in 0..<run.count {
            let a = dividend[broadcast.repeats(0) ? run.left : run.left + i]
            let b = divisor[broadcast.repeats(1) ? run.right : run.right + i]
            if a == T.min, b == -1 { overflows = true }
          }
        }
        if overflows { throw .invalidValue("\(T.min) divided by -1 does not fit in \(T.self)") }
      }
      try invoke(io)
    }
  }
}
