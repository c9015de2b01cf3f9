internal import CKernels
internal import TensorTypes

/// A conversion between element types, the usual ones by C kernels. Elements of others pass through one of four wide types (`Int64`, `UInt64`, `Float`, `Double`), a block at a time, so that
/// each type needs one reader and four writers.
struct Conversion: Sendable {
  private enum Wide {
    case integer
    case unsigned
    case float
    case double
  }

  /// Elements of a block; a multiple of what a byte holds.
  private static let block = 256

  private let input: ElementType
  private let output: ElementType
  private let wide: Wide

  /// - Throws: `unsupported` when there is no such conversion.
  init(from input: ElementType, to output: ElementType) throws(OperatorError) {
    self.input = input
    self.output = output
    switch input {
    case .int2, .int4, .uint4, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .bool: wide = .integer
    case .uint64: wide = .unsigned
    case .float16, .bfloat16, .float32, .complex64, .float8E4M3FN, .float8E5M2: wide = .float
    case .float64: wide = .double
    default: throw .unsupported("\(input) input")
    }
    switch output {
    case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .bool, .float16, .bfloat16, .float32,
      .float64, .complex64, .float8E4M3FN, .float8E5M2:
      break
    case .int2, .int4, .uint4:
      guard input == .float32 || input == output else { throw .unsupported("\(input) to \(output)") }
    default:
      guard input == output else { throw .unsupported("\(input) to \(output)") }
    }
  }

  func kernel(count: Int) throws(OperatorError) -> Kernel {
    if let kernel = vectorKernel(count) { return kernel }
    return switch wide {
    case .integer: kernel(try integerReader(), try writer(IntegerWriter()), count)
    case .unsigned: kernel(read(UnsignedReader()), try writer(UnsignedWriter()), count)
    case .float: kernel(try floatReader(), try writer(FloatWriter()), count)
    case .double: kernel(read(Float64Reader()), try writer(DoubleWriter()), count)
    }
  }

  /// The kernel for the types that the C kernels convert.
  private func vectorKernel(_ count: Int) -> Kernel? {
    let kernels = Microkernels.best
    let convert: @Sendable (UnsafeRawPointer, UnsafeMutableRawPointer, Int) -> Void
    switch (input, output) {
    case (.float32, .float16):
      unsafe convert = { x, y, count in
        unsafe kernels.table.pointee.f32_to_f16(
          x.assumingMemoryBound(to: Float.self), y.assumingMemoryBound(to: UInt16.self), count)
      }
    case (.float16, .float32):
      unsafe convert = { x, y, count in
        unsafe kernels.table.pointee.f16_to_f32(
          x.assumingMemoryBound(to: UInt16.self), y.assumingMemoryBound(to: Float.self), count)
      }
    default:
      guard let from = tflk_type(number: input), let to = tflk_type(number: output) else { return nil }
      unsafe convert = { x, y, count in unsafe kernels.table.pointee.convert(from, to, x, y, count) }
    }
    let (inputBytes, outputBytes) = (input.bitWidth / 8, output.bitWidth / 8)
    return Kernel { io throws(OperatorError) in
      try io.parallel(count, grain: elementwiseGrain) { range in
        guard unsafe io.inputBytes(0).count >= range.upperBound * inputBytes,
          unsafe io.outputBytes(0).count >= range.upperBound * outputBytes,
          let x = unsafe io.inputBytes(0).baseAddress, let y = unsafe io.outputBytes(0).baseAddress
        else { return }
        // Safety: both have the elements of the range.
        unsafe convert(x + range.lowerBound * inputBytes, y + range.lowerBound * outputBytes, range.count)
      }
    }
  }

  // A reader fills a block with the elements from an index on; a writer takes them from there.
  private typealias Read<T> = @Sendable (Operands, Range<Int>, inout InlineArray<256, T>) -> Void
  private typealias Write<T> = @Sendable (Operands, Range<Int>, borrowing InlineArray<256, T>) -> Void

  private func kernel<T: Numeric & BitwiseCopyable & Sendable>(
    _ read: @escaping Read<T>, _ write: @escaping Write<T>, _ count: Int
  ) -> Kernel {
    let blocks = (count + Self.block - 1) / Self.block
    return Kernel { io throws(OperatorError) in
      try io.parallel(blocks, grain: 64) { range in
        var values = InlineArray<256, T>(repeating: 0)
        for index in range {
          let elements = index * Self.block..<min((index + 1) * Self.block, count)
          read(io, elements, &values)
          write(io, elements, values)
        }
      }
    }
  }

  private func read<Reader: ElementReader>(_ reader: Reader) -> Read<Reader.Wide> {
    { io, range, values in
      let x = io.input(0, as: Reader.Element.self, in: range)
      precondition(x.count <= 256)
      for i in x.indices { values[i] = reader.widen(x[i]) }
    }
  }

  private func integerReader() throws(OperatorError) -> Read<Int64> {
    switch input {
    case .int8: return read(IntegerReader<Int8>())
    case .uint8: return read(IntegerReader<UInt8>())
    case .int16: return read(IntegerReader<Int16>())
    case .uint16: return read(IntegerReader<UInt16>())
    case .int32: return read(IntegerReader<Int32>())
    case .uint32: return read(IntegerReader<UInt32>())
    case .int64: return read(IntegerReader<Int64>())
    case .bool: return read(BoolReader())
    default:
      guard let packing = PackedIntegers(input) else { throw .unsupported("\(input) input") }
      return { io, range, values in
        let x = io.input(0, as: UInt8.self)
        precondition(range.count <= 256)
        for i in 0..<range.count { values[i] = Int64(packing.value(x, range.lowerBound &+ i)) }
      }
    }
  }

  private func floatReader() throws(OperatorError) -> Read<Float> {
    switch input {
    case .float16: read(Float16Reader())
    case .bfloat16: read(BFloat16Reader())
    case .float32: read(Float32Reader())
    case .complex64: read(ComplexReader())
    default: read(Float8Reader(values: try Float8ToFloat(input)))
    }
  }

  private func integer<Writer: ElementWriter, T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _: Writer, _: T.Type
  ) -> Write<Writer.Wide> {
    { io, range, values in
      var y = io.output(0, as: T.self, in: range)
      precondition(y.count <= 256)
      for i in y.indices { y[i] = Writer.integer(values[i]) }
    }
  }

  private func writer<Writer: ElementWriter>(_ writer: Writer) throws(OperatorError) -> Write<Writer.Wide> {
    switch output {
    case .int8: return integer(writer, Int8.self)
    case .uint8: return integer(writer, UInt8.self)
    case .int16: return integer(writer, Int16.self)
    case .uint16: return integer(writer, UInt16.self)
    case .int32: return integer(writer, Int32.self)
    case .uint32: return integer(writer, UInt32.self)
    case .int64: return integer(writer, Int64.self)
    case .uint64: return integer(writer, UInt64.self)
    case .bool:
      return { io, range, values in
        var y = io.output(0, as: UInt8.self, in: range)
        precondition(y.count <= 256)
        for i in y.indices { y[i] = values[i] == 0 ? 0 : 1 }
      }
    case .float16:
      return { io, range, values in
        var y = io.output(0, as: Float16.self, in: range)
        precondition(y.count <= 256)
        for i in y.indices { y[i] = Float16(Writer.float(values[i])) }
      }
    case .bfloat16:
      return { io, range, values in
        var y = io.output(0, as: BFloat16.self, in: range)
        precondition(y.count <= 256)
        for i in y.indices { y[i] = BFloat16(Writer.float(values[i])) }
      }
    case .float32:
      return { io, range, values in
        var y = io.output(0, as: Float.self, in: range)
        precondition(y.count <= 256)
        for i in y.indices { y[i] = Writer.float(values[i]) }
      }
    case .float64:
      return { io, range, values in
        var y = io.output(0, as: Double.self, in: range)
        precondition(y.count <= 256)
        for i in y.indices { y[i] = Writer.double(values[i]) }
      }
    case .complex64:
      return { io, range, values in
        var y = io.output(0, as: SIMD2<Float>.self, in: range)
        precondition(y.count <= 256)
        for i in y.indices { y[i] = SIMD2(Writer.float(values[i]), 0) }
      }
    case .float8E4M3FN, .float8E5M2:
      let format = try FloatToFloat8(output)
      return { io, range, values in
        var y = io.output(0, as: UInt8.self, in: range)
        precondition(y.count <= 256)
        for i in y.indices { y[i] = format.apply(Writer.float(values[i])) }
      }
    default:
      guard let packing = PackedIntegers(output) else { throw .unsupported("\(input) to \(output)") }
      let low: Float = output == .int2 ? -2 : output == .int4 ? -8 : 0
      let high: Float = output == .int2 ? 1 : output == .int4 ? 7 : 15
      return { io, range, values in
        // Blocks begin at whole bytes.
        let first = range.lowerBound / packing.perByte
        let end = (range.upperBound + packing.perByte - 1) / packing.perByte
        var y = io.output(0, as: UInt8.self, in: first..<end)
        packing.pack(&y, firstByte: 0, count: range.count) { index in
          let value = Writer.float(values[index])
          let limited = value < high ? value : high
          return Int8(limited > low ? limited : low)
        }
      }
    }
  }
}

extension tflk_type {
  /// nil for types that the C kernels do not convert.
  fileprivate init?(number element: ElementType) {
    switch element {
    case .bool: self = TFLK_BOOL
    case .int8: self = TFLK_INT8
    case .uint8: self = TFLK_UINT8
    case .int16: self = TFLK_INT16
    case .int32: self = TFLK_INT32
    case .int64: self = TFLK_INT64
    case .float32: self = TFLK_FLOAT32
    default: return nil
    }
  }
}
