public import TensorTypes

/// `QUANTIZE`: real numbers to quantised integers, or quantised integers to another type, scale and zero point.
///
/// `float32` to `int8`, `uint8` or `int16`, per tensor or per channel, and to `int4` or `uint4` per tensor; `int8` or `uint8` to `int8`, `uint8`
/// or `int16`; `int16` to `int8`, `int16` (zero points 0) or `int32`; `int32` to `int8` or `int16`. The output needs a scale and zero
/// point.
public struct Quantize: Operator {
  public static let definition = OperatorDefinition(.quantize, versions: 1...6, options: 89)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    let input = try node.input(0)
    let output = try node.output(0)
    let isSupported: Bool
    switch (input.element, output.element) {
    case (.float32, .int8), (.float32, .uint8), (.float32, .int16), (.float32, .int4), (.float32, .uint4),
      (.int8, .int8), (.int8, .uint8), (.int8, .int16), (.uint8, .int8), (.uint8, .uint8), (.uint8, .int16),
      (.int16, .int8), (.int16, .int16), (.int16, .int32), (.int32, .int8), (.int32, .int16):
      isSupported = true
    default: isSupported = false
    }
    guard isSupported else {
      throw .unsupported(
        "\(input.element) to \(output.element); float32 to int8, uint8, int16, int4 and uint4 and changes between int8, "
          + "uint8, int16 and int32 are supported")
    }
    guard output.quantization != .none else { throw .malformed("the output has no quantisation") }
    return [input.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0)
    let count = input.shape.elementCount
    guard input.element == .float32 else { return try requantizing(node).kernel(count) }
    if let layout = try ChannelLayout(output, "the output") {
      switch output.element {
      case .int8: return channelKernel(Int8.self, layout, count)
      case .uint8: return channelKernel(UInt8.self, layout, count)
      case .int16: return channelKernel(Int16.self, layout, count)
      case let other: throw .unsupported("\(other) per channel; int8, uint8 and int16 are supported")
      }
    }
    let parameters = try node.affineOutput()
    switch output.element {
    case .int8: return AffineQuantizer<Int8>(parameters).kernel(count: count)
    case .uint8: return AffineQuantizer<UInt8>(parameters).kernel(count: count)
    case .int16: return AffineQuantizer<Int16>(parameters).kernel(count: count)
    case .int4: return packedKernel(AffineQuantizer(parameters, low: -8, high: 7), .int4, count)
    default: return packedKernel(AffineQuantizer(parameters, low: 0, high: 15), .uint4, count)
    }
  }

  private func channelKernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: T.Type, _ layout: ChannelLayout, _ count: Int
  ) -> Kernel {
    Kernel { io throws(OperatorError) in
      try io.parallel(count, grain: elementwiseGrain) { range in
        layout.forEachRun(in: range) { elements, scale, zeroPoint in
          let quantizer = AffineQuantizer<T>(scale: scale, zeroPoint: zeroPoint)
          let x = io.input(0, as: Float.self, in: elements)
          var y = io.output(0, as: T.self, in: elements)
          precondition(x.count == y.count)
          for i in x.indices { y[i] = quantizer.apply(x[i]) }
        }
      }
    }
  }

  private func packedKernel(_ quantizer: AffineQuantizer<Int8>, _ element: ElementType, _ count: Int) -> Kernel {
    Kernel { io throws(OperatorError) in
      guard let packing = PackedIntegers(element) else { return }
      let bytes = (count + packing.perByte - 1) / packing.perByte
      try io.parallel(bytes, grain: elementwiseGrain) { range in
        let x = io.input(0, as: Float.self)
        var y = io.output(0, as: UInt8.self, in: range)
        packing.pack(&y, firstByte: range.lowerBound, count: count) { quantizer.apply(x[$0]) }
      }
    }
  }

  /// The kernel between two integer types.
  private func requantizing(_ node: NodeContext) throws(OperatorError) -> Requantizing {
    let input = try node.affineInput(0)
    let output = try node.affineOutput()
    let types = (try node.input(0).element, try node.output(0).element)
    if types == (.int16, .int16) { try node.expectSymmetric(input, output) }
    return Requantizing(input: input, output: output, types: types)
  }

  private struct Requantizing {
    let input: AffineParameters
    let output: AffineParameters
    let types: (ElementType, ElementType)

    func kernel(_ count: Int) -> Kernel {
      switch types {
      case (.int8, .int8): bytes(Requantizer<Int8, Int8>(from: input, to: output), count)
      case (.int8, .uint8): bytes(Requantizer<Int8, UInt8>(from: input, to: output), count)
      case (.int8, _): Requantizer<Int8, Int16>(from: input, to: output).kernel(count: count)
      case (.uint8, .int8): bytes(Requantizer<UInt8, Int8>(from: input, to: output), count)
      case (.uint8, .uint8): bytes(Requantizer<UInt8, UInt8>(from: input, to: output), count)
      case (.uint8, _): Requantizer<UInt8, Int16>(from: input, to: output).kernel(count: count)
      case (.int16, .int8): Requantizer<Int16, Int8>(from: input, to: output).kernel(count: count)
      case (.int16, .int16): Requantizer<Int16, Int16>(from: input, to: output).kernel(count: count)
      case (.int16, _): Requantizer<Int16, Int32>(from: input, to: output).kernel(count: count)
      case (_, .int8): Requantizer<Int32, Int8>(from: input, to: output).kernel(count: count)
      default: Requantizer<Int32, Int16>(from: input, to: output).kernel(count: count)
      }
    }

    private func bytes<
      In: FixedWidthInteger & BitwiseCopyable & Sendable, Out: FixedWidthInteger & BitwiseCopyable & Sendable
    >(
      _ function: Requantizer<In, Out>, _ count: Int
    ) -> Kernel {
      ByteLookup(In.self) { In(truncatingIfNeeded: function.apply($0)) }.kernel(count: count)
    }
  }
}
