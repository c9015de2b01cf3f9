internal import TensorTypes

/// Combines two elements of any number type. Integers wrap; what `bool` tensors hold counts as true unless it is 0.
protocol Combination: Sendable {
  static func integer<T: FixedWidthInteger>(_ a: T, _ b: T) -> T
  static func real<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T
  static func truth(_ a: UInt8, _ b: UInt8) -> UInt8
}

enum SumCombination: Combination {
  @inline(__always) static func integer<T: FixedWidthInteger>(_ a: T, _ b: T) -> T { a &+ b }
  @inline(__always) static func real<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T { a + b }
  @inline(__always) static func truth(_ a: UInt8, _ b: UInt8) -> UInt8 { (a | b) == 0 ? 0 : 1 }
}

/// Not defined for truth values, of which it gives those that differ.
enum DifferenceCombination: Combination {
  @inline(__always) static func integer<T: FixedWidthInteger>(_ a: T, _ b: T) -> T { a &- b }
  @inline(__always) static func real<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T { a - b }
  @inline(__always) static func truth(_ a: UInt8, _ b: UInt8) -> UInt8 { (a == 0) == (b == 0) ? 0 : 1 }
}

enum ProductCombination: Combination {
  @inline(__always) static func integer<T: FixedWidthInteger>(_ a: T, _ b: T) -> T { a &* b }
  @inline(__always) static func real<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T { a * b }
  @inline(__always) static func truth(_ a: UInt8, _ b: UInt8) -> UInt8 { a == 0 || b == 0 ? 0 : 1 }
}

/// The first element where a comparison with NaN decides.
enum MaximumCombination: Combination {
  @inline(__always) static func integer<T: FixedWidthInteger>(_ a: T, _ b: T) -> T { a < b ? b : a }
  @inline(__always) static func real<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T { a < b ? b : a }
  @inline(__always) static func truth(_ a: UInt8, _ b: UInt8) -> UInt8 { (a | b) == 0 ? 0 : 1 }
}

/// The first element where a comparison with NaN decides.
enum MinimumCombination: Combination {
  @inline(__always) static func integer<T: FixedWidthInteger>(_ a: T, _ b: T) -> T { b < a ? b : a }
  @inline(__always) static func real<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T { b < a ? b : a }
  @inline(__always) static func truth(_ a: UInt8, _ b: UInt8) -> UInt8 { a == 0 || b == 0 ? 0 : 1 }
}

/// The bits that both have. Not defined for real numbers, of which it gives the first.
enum ConjunctionCombination: Combination {
  @inline(__always) static func integer<T: FixedWidthInteger>(_ a: T, _ b: T) -> T { a & b }
  @inline(__always) static func real<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T { a }
  @inline(__always) static func truth(_ a: UInt8, _ b: UInt8) -> UInt8 { a == 0 || b == 0 ? 0 : 1 }
}

/// The second element.
enum ReplacementCombination: Combination {
  @inline(__always) static func integer<T: FixedWidthInteger>(_ a: T, _ b: T) -> T { b }
  @inline(__always) static func real<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T { b }
  @inline(__always) static func truth(_ a: UInt8, _ b: UInt8) -> UInt8 { b }
}

struct IntegerCombination<C: Combination, T: FixedWidthInteger & BitwiseCopyable & Sendable>: BinaryElementFunction {
  @inline(__always) func apply(_ a: T, _ b: T) -> T { C.integer(a, b) }
}

struct RealCombination<C: Combination, T: BinaryFloatingPoint & BitwiseCopyable & Sendable>: BinaryElementFunction {
  @inline(__always) func apply(_ a: T, _ b: T) -> T { C.real(a, b) }
}

struct TruthCombination<C: Combination>: BinaryElementFunction {
  @inline(__always) func apply(_ a: UInt8, _ b: UInt8) -> UInt8 { C.truth(a, b) }
}

extension Combination {
  /// The kernel of a StableHLO operator that combines two tensors of one shape and element type.
  static func stablehloKernel(_ node: NodeContext, takesReals: Bool = true) throws(OperatorError) -> Kernel {
    let broadcast = try node.binaryOfOneShape()
    switch try node.input(0).element {
    case .int8: return IntegerCombination<Self, Int8>().kernel(broadcast)
    case .uint8: return IntegerCombination<Self, UInt8>().kernel(broadcast)
    case .int16: return IntegerCombination<Self, Int16>().kernel(broadcast)
    case .uint16: return IntegerCombination<Self, UInt16>().kernel(broadcast)
    case .int32: return IntegerCombination<Self, Int32>().kernel(broadcast)
    case .uint32: return IntegerCombination<Self, UInt32>().kernel(broadcast)
    case .int64: return IntegerCombination<Self, Int64>().kernel(broadcast)
    case .uint64: return IntegerCombination<Self, UInt64>().kernel(broadcast)
    case .bool: return TruthCombination<Self>().kernel(broadcast)
    case .float16 where takesReals: return RealCombination<Self, Float16>().kernel(broadcast)
    case .float32 where takesReals: return RealCombination<Self, Float>().kernel(broadcast)
    case .float64 where takesReals: return RealCombination<Self, Double>().kernel(broadcast)
    case let other:
      throw .unsupported(
        "\(other) inputs; bool and integers of 8 to 64 bits are supported"
          + (takesReals ? ", and float16, float32 and float64" : ""))
    }
  }
}
