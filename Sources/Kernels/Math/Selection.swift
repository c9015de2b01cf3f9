internal import CKernels
internal import TensorTypes

/// The operators that choose between two tensors by a third: `SELECT` and `SELECT_V2`.
struct Selection {
  /// The plan for condition (input 0) and choices (inputs 1 and 2).
  let broadcast: Broadcast

  /// Checks operands but for their shapes.
  static func check(_ node: NodeContext) throws(OperatorError) {
    try node.expect(inputs: 3)
    guard try node.input(0).element == .bool else {
      throw .malformed("input 0 is \(try node.input(0).element); the condition must be bool")
    }
    let choice = try node.input(1).element
    guard try node.input(2).element == choice else {
      throw .malformed("inputs 1 and 2 are \(choice) and \(try node.input(2).element); both must be the same")
    }
    try node.expectOutput(choice)
    guard choice.bitWidth >= 8 else { throw .unsupported("\(choice) choices; types of 8 bits and more are supported") }
  }

  /// The declared shape of the output where every operand has one element and the output keeps its own rank; nil elsewhere.
  static func scalarShape(_ node: NodeContext) throws(OperatorError) -> Shape? {
    let declared = try node.output(0).shape
    for input in 0..<3 {
      guard try node.input(input).shape.elementCount == 1 else { return nil }
    }
    return declared.elementCount == 1 ? declared : nil
  }

  func kernel(_ element: ElementType) throws(OperatorError) -> Kernel {
    switch element.bitWidth {
    case 8: kernel(of: UInt8.self)
    case 16: kernel(of: UInt16.self)
    case 32: kernel(of: UInt32.self)
    case 64: kernel(of: UInt64.self)
    case 128: kernel(of: SIMD2<UInt64>.self)
    default: throw .unsupported("\(element) choices")
    }
  }

  private func kernel<T: BitwiseCopyable & Sendable>(of: T.Type) -> Kernel {
    let broadcast = broadcast
    let conditionRepeats = broadcast.repeats(0)
    let firstRepeats = broadcast.repeats(1)
    let secondRepeats = broadcast.repeats(2)
    let kernels = Microkernels.best
    return Kernel { io throws(OperatorError) in
      try io.parallel(broadcast.shape.elementCount, grain: elementwiseGrain) { range in
        broadcast.forEachRun(in: range) { position, condition, first, second, count in
          var y = io.output(0, as: T.self, in: position..<position + count)
          if conditionRepeats {
            let chooses = io.input(0, as: UInt8.self, in: condition..<condition + 1)[0] != 0
            let start = chooses ? first : second
            if chooses ? firstRepeats : secondRepeats {
              let value = io.input(chooses ? 1 : 2, as: T.self, in: start..<start + 1)[0]
              for i in y.indices { y[i] = value }
            } else {
              let x = io.input(chooses ? 1 : 2, as: T.self, in: start..<start + count)
              precondition(x.count == y.count)
              for i in x.indices { y[i] = x[i] }
            }
            return
          }
          let c = io.input(0, as: UInt8.self, in: condition..<condition + count)
          let a = io.input(1, as: T.self, in: first..<first + (firstRepeats ? 1 : count))
          let b = io.input(2, as: T.self, in: second..<second + (secondRepeats ? 1 : count))
          precondition(c.count == y.count)
          guard MemoryLayout<T>.size <= 8 else {
            for i in c.indices { y[i] = c[i] != 0 ? a[firstRepeats ? 0 : i] : b[secondRepeats ? 0 : i] }
            return
          }
          // Safety: the spans have the elements that the kernel reads and writes; it may write where it reads.
          unsafe c.withUnsafeBufferPointer { c in
            unsafe a.withUnsafeBytes { a in
              unsafe b.withUnsafeBytes { b in
                unsafe y.withUnsafeMutableBytes { y in
                  unsafe kernels.table.pointee.choose(
                    c.baseAddress, a.baseAddress, firstRepeats, b.baseAddress, secondRepeats, y.baseAddress, count,
                    MemoryLayout<T>.size)
                }
              }
            }
          }
        }
      }
    }
  }
}
