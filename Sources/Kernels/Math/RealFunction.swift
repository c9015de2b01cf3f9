internal import TensorTypes

/// A function of a real number, for operators that apply it to `float32`, `float16` and `bfloat16` elements alike.
protocol RealFunction: Sendable {
  func value(_ x: Float) -> Float
}

/// A real function of `float32` elements.
struct OnFloat<Function: RealFunction>: UnaryElementFunction {
  let function: Function
  @inline(__always) func apply(_ x: Float) -> Float { function.value(x) }
}

/// A real function of `bfloat16` elements, computed in `float32`.
struct OnBFloat16<Function: RealFunction>: UnaryElementFunction {
  let function: Function
  @inline(__always) func apply(_ x: BFloat16) -> BFloat16 { BFloat16(function.value(Float(x))) }
}

extension RealFunction {
  /// The kernel for elements of a floating type; nil for other types.
  func kernel(_ type: TensorType, grain: Int = 2048) -> Kernel? {
    let count = type.shape.elementCount
    return switch type.element {
    case .float32: OnFloat(function: self).kernel(count: count, grain: grain)
    case .float16:
      halfKernel(count: count, grain: grain) { block in
        for i in block.indices { block[i] = value(block[i]) }
      }
    case .bfloat16: OnBFloat16(function: self).kernel(count: count, grain: grain)
    default: nil
    }
  }
}
