internal import TensorTypes

/// Converts between real numbers and the elements of one tensor.
///
/// Integers are quantised: `q = round(real / scale) + zeroPoint`, ties away from zero, limited to the type's range; not-a-number becomes the zero
/// point. Other floating-point types are rounded to.
struct RealNumbers {
  private let type: TensorType
  private let scales: [Float]
  private let zeroPoints: [Float]
  /// Consecutive elements that have the same scale.
  private let run: Int

  /// - Throws: `unsupported` for element types that do not stand for real numbers: integers that are not quantised, or in blocks, strings, …
  init(_ type: TensorType) throws(ModelError) {
    self.type = type
    switch type.element {
    case .float32, .float16, .float64, .bfloat16: (scales, zeroPoints, run) = ([], [], 1)
    case .int8, .uint8, .int16, .uint16:
      switch type.quantization {
      case .perTensor(let scale, let zeroPoint):
        (scales, zeroPoints, run) = ([scale], [Float(zeroPoint)], max(type.shape.elementCount, 1))
      case .perChannel(let scales, let zeroPoints, let axis):
        guard type.shape.dimensions.indices.contains(axis), scales.count == type.shape[axis],
          zeroPoints.count == scales.count
        else { throw Self.refusal(type) }
        self.scales = scales
        self.zeroPoints = zeroPoints.map { Float($0) }
        run = max(type.shape.product(axis + 1..<type.shape.rank), 1)
      case .none, .blockwise: throw Self.refusal(type)
      }
    default: throw Self.refusal(type)
    }
  }

  private static func refusal(_ type: TensorType) -> ModelError {
    ModelError(
      .unsupported,
      "\(type) does not stand for real numbers: floating-point types, and 8- and 16-bit integers with a quantisation, do"
    )
  }

  /// Writes `source`, which has as many elements as `target`.
  func encode(_ source: Span<Float>, into target: UnsafeMutableRawPointer) {
    switch type.element {
    case .float32: unsafe store(source, target) { $0 }
    case .float16: unsafe store(source, target) { Float16($0) }
    case .float64: unsafe store(source, target) { Double($0) }
    case .bfloat16: unsafe store(source, target) { Self.bfloat16($0) }
    case .int8: unsafe quantize(source, target, Int8.self)
    case .uint8: unsafe quantize(source, target, UInt8.self)
    case .int16: unsafe quantize(source, target, Int16.self)
    case .uint16: unsafe quantize(source, target, UInt16.self)
    default: break
    }
  }

  /// Reads into `target`, which has as many elements as `source`.
  func decode(_ source: UnsafeRawPointer, into target: inout MutableSpan<Float>) {
    switch type.element {
    case .float32: unsafe load(source, &target) { (value: Float, _) in value }
    case .float16: unsafe load(source, &target) { (value: Float16, _) in Float(value) }
    case .float64: unsafe load(source, &target) { (value: Double, _) in Float(value) }
    case .bfloat16: unsafe load(source, &target) { (value: UInt16, _) in Float(bitPattern: UInt32(value) << 16) }
    case .int8: unsafe load(source, &target) { (value: Int8, index) in real(Float(value), index) }
    case .uint8: unsafe load(source, &target) { (value: UInt8, index) in real(Float(value), index) }
    case .int16: unsafe load(source, &target) { (value: Int16, index) in real(Float(value), index) }
    case .uint16: unsafe load(source, &target) { (value: UInt16, index) in real(Float(value), index) }
    default: break
    }
  }

  private func channel(_ index: Int) -> Int { scales.count == 1 ? 0 : index / run % scales.count }

  private func real(_ value: Float, _ index: Int) -> Float {
    let channel = channel(index)
    return scales[channel] * (value - zeroPoints[channel])
  }

  private func quantize<T: FixedWidthInteger & BitwiseCopyable>(
    _ source: Span<Float>, _ target: UnsafeMutableRawPointer, _: T.Type
  ) {
    for index in source.indices {
      let channel = channel(index)
      let rounded = (source[index] / scales[channel]).rounded(.toNearestOrAwayFromZero)
      let value = rounded.isNaN ? zeroPoints[channel] : rounded + zeroPoints[channel]
      // Limits of 16 bits and less are floats, and so is everything between them.
      let limited = min(max(value, Float(T.min)), Float(T.max))
      unsafe target.storeBytes(of: T(limited), toByteOffset: index * MemoryLayout<T>.size, as: T.self)
    }
  }

  private func store<T: BitwiseCopyable>(
    _ source: Span<Float>, _ target: UnsafeMutableRawPointer, _ convert: (Float) -> T
  ) {
    for index in source.indices {
      unsafe target.storeBytes(of: convert(source[index]), toByteOffset: index * MemoryLayout<T>.size, as: T.self)
    }
  }

  private func load<T: BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ target: inout MutableSpan<Float>, _ convert: (T, Int) -> Float
  ) {
    for index in target.indices {
      target[index] = convert(
        unsafe source.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self), index)
    }
  }

  /// Rounds to the nearest, ties to even; not-a-number stays that.
  private static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    guard !value.isNaN else { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }
}
