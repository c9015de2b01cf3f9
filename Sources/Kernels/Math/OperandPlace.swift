internal import TensorTypes

/// Where in an operand a kernel reads or writes.
struct OperandPlace: Sendable {
  enum Operand: Sendable {
    case input(Int)
    case output(Int)
    case scratch(Int)
  }
  let operand: Operand
  /// Bytes from the operand's start.
  var offset = 0
}

extension Operands {
  /// The address of a place; nil when the operand has no memory.
  ///
  /// The caller stays inside of the operand, whose size follows from the shapes that `infer` checked.
  func address(_ place: OperandPlace) -> UnsafeMutableRawPointer? {
    let buffer =
      switch place.operand {
      case .input(let index): unsafe UnsafeMutableRawBufferPointer(mutating: inputBytes(index))
      case .output(let index): unsafe outputBytes(index)
      case .scratch(let index): unsafe scratchBytes(index)
      }
    precondition(place.offset >= 0 && place.offset <= buffer.count)
    return unsafe buffer.baseAddress.map { unsafe $0 + place.offset }
  }

  /// `count` elements of a place, to read.
  @inline(__always) @_lifetime(borrow self)
  func elements<T: BitwiseCopyable>(_ place: OperandPlace, as type: T.Type, _ range: Range<Int>) -> Span<T> {
    let first = place.offset / MemoryLayout<T>.stride
    let moved = first + range.lowerBound..<first + range.upperBound
    switch place.operand {
    case .input(let index): return input(index, as: type, in: moved)
    case .output(let index): return writtenOutput(index, as: type, in: moved)
    case .scratch(let index): return writtenScratch(index, as: type).extracting(moved)
    }
  }

  @inline(__always) @_lifetime(borrow self)
  private func writtenOutput<T: BitwiseCopyable>(_ index: Int, as type: T.Type, in range: Range<Int>) -> Span<T> {
    precondition(index >= 0 && index < outputCount)
    return span(unsafe part(slots[inputCount + index], of: type, range))
  }

  /// The elements of a variable input in `range`.
  @inline(__always) @_lifetime(borrow self)
  func variable<T: BitwiseCopyable>(_ index: Int, as type: T.Type, in range: Range<Int>) -> MutableSpan<T> {
    precondition(index >= 0 && index < inputCount)
    return mutableSpan(unsafe part(slots[index], of: type, range))
  }
}
