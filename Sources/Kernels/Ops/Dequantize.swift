internal import CKernels
public import TensorTypes

/// `DEQUANTIZE`: quantised integers, or `float16` and `float8` numbers, to real numbers.
///
/// Any shape. `int2`, `int4`, `uint4`, `int8`, `uint8` and `int16` with one scale and zero point, all but `int16` also per channel; `float16`;
/// `float8_e4m3fn` and `float8_e5m2`. The output is `float32`, or `float16` for 8- and 16-bit integers.
public struct Dequantize: Operator {
  public static let definition = OperatorDefinition(.dequantize, versions: 1...9, options: 38)

  public init(options: OperatorOptions) {}

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? { [.float32] }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    let input = try node.input(0)
    switch (input.element, try node.output(0).element) {
    case (.int2, .float32), (.int4, .float32), (.uint4, .float32), (.int8, .float32), (.uint8, .float32),
      (.int16, .float32), (.float16, .float32), (.float8E4M3FN, .float32), (.float8E5M2, .float32), (.int8, .float16),
      (.uint8, .float16), (.int16, .float16):
      return [input.shape]
    case (let from, let to):
      throw .unsupported(
        "\(from) to \(to); int2, int4, uint4, int8, uint8, int16, float16 and float8 to float32 are supported")
    }
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let count = input.shape.elementCount
    switch input.element {
    case .float16: return HalfToFloat().kernel(count: count)
    case .float8E4M3FN: return try Float8ToFloat(.float8E4M3FN).kernel(count: count)
    case .float8E5M2: return try Float8ToFloat(.float8E5M2).kernel(count: count)
    default: break
    }
    if let packing = PackedIntegers(input.element) {
      if let layout = try ChannelLayout(input, "input 0") {
        return packedKernel(packing, count) { range, body in layout.forEachRun(in: range, body) }
      }
      let parameters = try node.affineInput(0)
      return packedKernel(packing, count) { range, body in body(range, parameters.scale, parameters.zeroPoint) }
    }
    if let layout = try ChannelLayout(input, "input 0") {
      switch (input.element, try node.output(0).element) {
      case (.int8, .float32): return channelKernel(Int8.self, layout, count)
      case (.uint8, .float32): return channelKernel(UInt8.self, layout, count)
      case (let from, let to):
        throw .unsupported("\(from) to \(to) per channel; int2, int4, uint4, int8 and uint8 to float32 are supported")
      }
    }
    let parameters = try node.affineInput(0)
    if input.element == .int16 { try node.expectSymmetric(parameters) }
    let isHalf = try node.output(0).element == .float16
    switch input.element {
    case .int8: return kernel(Int8.self, parameters, count, isHalf)
    case .uint8: return kernel(UInt8.self, parameters, count, isHalf)
    default: return kernel(Int16.self, parameters, count, isHalf)
    }
  }

  private func kernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ parameters: AffineParameters, _ count: Int, _ isHalf: Bool
  ) -> Kernel {
    if isHalf {
      let function = AffineDequantizer<T>(scale: parameters.scale, zeroPoint: parameters.zeroPoint)
      return ToHalf(function: function).kernel(count: count)
    }
    return Kernel { io throws(OperatorError) in
      try io.parallel(count, grain: elementwiseGrain) { range in
        dequantize(io.input(0, as: T.self, in: range), parameters.scale, parameters.zeroPoint, io, range)
      }
    }
  }

  private func dequantize<T: FixedWidthInteger & BitwiseCopyable>(
    _ x: Span<T>, _ scale: Float, _ zeroPoint: Int32, _ io: Operands, _ elements: Range<Int>
  ) {
    var y = io.output(0, as: Float.self, in: elements)
    precondition(x.count == y.count)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        // Safety: both have as many elements.
        unsafe Microkernels.best.table.pointee.affine_dequantize(
          x.baseAddress, tflk_type(quantized: T.self), x.count, scale, zeroPoint, y.baseAddress)
      }
    }
  }

  private func channelKernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ layout: ChannelLayout, _ count: Int
  ) -> Kernel {
    Kernel { io throws(OperatorError) in
      try io.parallel(count, grain: elementwiseGrain) { range in
        layout.forEachRun(in: range) { elements, scale, zeroPoint in
          dequantize(io.input(0, as: T.self, in: elements), scale, zeroPoint, io, elements)
        }
      }
    }
  }

  @inline(__always)
  private func packedKernel(
    _ packing: PackedIntegers, _ count: Int,
    _ runs: @escaping @Sendable (Range<Int>, (Range<Int>, Float, Int32) -> Void) -> Void
  ) -> Kernel {
    Kernel { io throws(OperatorError) in
      try io.parallel(count, grain: elementwiseGrain) { range in
        runs(range) { elements, scale, zeroPoint in
          let function = AffineDequantizer<Int8>(scale: scale, zeroPoint: zeroPoint)
          let x = io.input(0, as: UInt8.self)
          var y = io.output(0, as: Float.self, in: elements)
          let first = elements.lowerBound
          for i in y.indices { y[i] = function.apply(packing.value(x, first &+ i)) }
        }
      }
    }
  }

  private struct HalfToFloat: UnaryElementFunction {
    @inline(__always) func apply(_ x: UInt16) -> Float { Float(halfBits: x) }
  }

  private struct ToHalf<T: FixedWidthInteger & BitwiseCopyable & Sendable>: UnaryElementFunction {
    let function: AffineDequantizer<T>
    @inline(__always) func apply(_ x: T) -> Float16 { Float16(function.apply(x)) }
  }
}

/// The values of an 8-bit floating type.
struct Float8ToFloat: UnaryElementFunction {
  private final class Table: Sendable {
    let values: InlineArray<256, Float>
    init(_ values: InlineArray<256, Float>) { self.values = values }
  }

  private let table: Table

  /// - Throws: `unsupported` for other types.
  init(_ element: ElementType) throws(OperatorError) {
    let fractionBits: Int
    switch element {
    case .float8E4M3FN: fractionBits = 3
    case .float8E5M2: fractionBits = 2
    default: throw .unsupported("\(element) is no 8-bit floating type")
    }
    let bias = fractionBits == 3 ? 7 : 15
    table = Table(
      InlineArray { bits in
        let fraction = bits & ((1 << fractionBits) - 1)
        let exponent = (bits & 0x7F) >> fractionBits
        let sign: Float = bits & 0x80 == 0 ? 1 : -1
        if fractionBits == 3 {
          if bits & 0x7F == 0x7F { return .nan }
        } else if exponent == 31 {
          return fraction == 0 ? sign * .infinity : .nan
        }
        // Subnormal numbers have the exponent of the smallest normal ones.
        let significand = Float(exponent == 0 ? fraction : fraction + (1 << fractionBits))
        let power = max(exponent, 1) - bias - fractionBits
        return sign * significand * Float(sign: .plus, exponent: power, significand: 1)
      })
  }

  @inline(__always) func apply(_ x: UInt8) -> Float { table.values[Int(x)] }
}
