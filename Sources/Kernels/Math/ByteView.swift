internal import Glibc
internal import TensorTypes

extension Kernel {
  /// A kernel that gives output 0 the bytes of input 0, for operators that only change the shape.
  static func byteCopy(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0)
    guard let count = input.byteCount, output.byteCount == count else {
      throw .malformed("\(input) and \(output) differ in size")
    }
    return Kernel { io throws(OperatorError) in
      guard unsafe io.inputBytes(0).count >= count, unsafe io.outputBytes(0).count >= count else {
        throw .malformed("an operand is smaller than its shape")
      }
      try io.parallel(count, grain: 1 << 18) { range in
        guard let source = unsafe io.inputBytes(0).baseAddress, let target = unsafe io.outputBytes(0).baseAddress,
          unsafe source != UnsafeRawPointer(target)
        else { return }
        // Safety: both operands have `count` bytes.
        unsafe memcpy(target + range.lowerBound, source + range.lowerBound, range.count)
      }
    }
  }
}
