package import TFLiteRuntime
internal import TensorTypes

extension Tensor {
  /// The elements as numbers: quantised integers as the real numbers that they stand for, blockwise quantised ones as they are, complex numbers as
  /// two numbers each. nil for strings, handles and 8-bit floating-point types.
  package var numbers: [Double]? {
    switch type.element {
    case .float32, .complex64: read(Float.self) { Double($0) }
    case .float64, .complex128: read(Double.self) { $0 }
    case .float16: read(Float16.self) { Double($0) }
    case .bfloat16: read(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .int8: dequantized(read(Int8.self) { Double($0) })
    case .uint8: dequantized(read(UInt8.self) { Double($0) })
    case .int16: dequantized(read(Int16.self) { Double($0) })
    case .uint16: dequantized(read(UInt16.self) { Double($0) })
    case .int32: dequantized(read(Int32.self) { Double($0) })
    case .uint32: read(UInt32.self) { Double($0) }
    case .int64: dequantized(read(Int64.self) { Double($0) })
    case .uint64: read(UInt64.self) { Double($0) }
    case .bool: read(UInt8.self) { $0 == 0 ? 0 : 1 }
    case .int4, .uint4, .int2: dequantized(unpacked)
    case .string, .resource, .variant, .float8E4M3FN, .float8E5M2: nil
    }
  }

  private func read<T: BitwiseCopyable>(_: T.Type, _ convert: (T) -> Double) -> [Double] {
    unsafe bytes.withUnsafeBytes { buffer in
      (0..<buffer.count / MemoryLayout<T>.stride).map {
        convert(unsafe buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self))
      }
    }
  }

  private var unpacked: [Double] {
    let width = type.element.bitWidth
    let perByte = 8 / width
    return (0..<type.shape.elementCount).map { index in
      let raw = Int(bytes[index / perByte] >> UInt8(index % perByte * width)) & ((1 << width) - 1)
      return Double(type.element != .uint4 && raw >> (width - 1) == 1 ? raw - (1 << width) : raw)
    }
  }

  private func dequantized(_ raw: [Double]) -> [Double] {
    switch type.quantization {
    case .none, .blockwise: return raw
    case .perTensor(let scale, let zeroPoint): return raw.map { ($0 - Double(zeroPoint)) * Double(scale) }
    case .perChannel(let scales, let zeroPoints, let axis):
      guard type.shape.dimensions.indices.contains(axis), scales.count == type.shape[axis],
        zeroPoints.count == scales.count, !scales.isEmpty
      else { return raw }
      let run = max(type.shape.product(axis + 1..<type.shape.rank), 1)
      return raw.indices.map { index in
        let channel = index / run % scales.count
        return (raw[index] - Double(zeroPoints[channel])) * Double(scales[channel])
      }
    }
  }
}
