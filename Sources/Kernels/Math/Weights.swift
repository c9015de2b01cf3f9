internal import FlatBuffers
internal import TensorTypes

/// The weights of a kernel as it reads them: a constant (perhaps unpacked), or an input that is computed.
struct Weights: Sendable {
  private let constant: SharedBytes?
  private let input: Int

  /// Weights that are an input of 8, 16 or 32 bits, or are constant and unpacked to such elements: `int4` and `int2` to `int8`,
  /// `float16` to `float32`.
  init(_ node: NodeContext, input: Int) throws(OperatorError) {
    let type = try node.input(input)
    self.input = input
    switch type.element {
    case .int4, .uint4, .int2, .float16: constant = try node.unpacked(input)
    default: constant = node.constant(input)?.bytes
    }
  }

  /// Weights that were packed before.
  init(packed: SharedBytes) {
    constant = packed
    input = 0
  }

  /// The element type that ``withSpan(_:as:_:)`` must be asked for.
  static func element(_ type: TensorType) -> ElementType {
    switch type.element {
    case .int4, .int2: .int8
    case .uint4: .uint8
    case .float16: .float32
    default: type.element
    }
  }

  @inline(__always)
  func withSpan<T: BitwiseCopyable>(_ io: Operands, as type: T.Type, _ body: (Span<T>) -> Void) {
    if let constant {
      // Safety: the bytes live as long as `constant`, and model constants are aligned to their element.
      let span = unsafe Span<T>(
        _unsafeStart: constant.baseAddress.assumingMemoryBound(to: T.self),
        count: constant.count / MemoryLayout<T>.stride)
      body(span)
    } else {
      body(io.input(input, as: T.self))
    }
  }
}

extension NodeContext {
  /// A constant input of elements below eight bits, or of `float16`, with one `int8`, `uint8` or `float32` per element.
  ///
  /// - Throws: `unsupported` when the input is computed.
  func unpacked(_ index: Int) throws(OperatorError) -> SharedBytes {
    _ = try requiredConstant(index)
    return try packed("unpacked", of: [index]) { () throws(OperatorError) in try unpacking(index) }
  }

  /// The constant that an input is.
  ///
  /// - Throws: `unsupported` when the input is computed.
  func requiredConstant(_ index: Int) throws(OperatorError) -> Constant {
    guard let constant = constant(index) else {
      throw .unsupported(
        "\(try input(index).element) weights that are computed while the model runs; constant ones are supported")
    }
    return constant
  }

  /// What ``unpacked(_:)`` answers, made anew and not kept.
  func unpacking(_ index: Int) throws(OperatorError) -> SharedBytes {
    let type = try input(index)
    let constant = try requiredConstant(index)
    let count = type.shape.elementCount
    guard let byteCount = type.byteCount, constant.bytes.count >= byteCount else {
      throw .malformed("input \(index) has \(constant.bytes.count) bytes, too few for \(type)")
    }
    let source = constant.bytes
    let wide = type.element == .float16 ? MemoryLayout<Float>.stride : 1
    let (total, overflow) = count.multipliedReportingOverflow(by: wide)
    guard !overflow else { throw .outOfMemory(bytes: count) }
    return try unsafe SharedBytes.make(
      count: total, failure: { _ in OperatorError.outOfMemory(bytes: total) }
    ) { buffer throws(OperatorError) in
      let bytes = source.span
      switch type.element {
      case .float16:
        let target = unsafe buffer.bindMemory(to: Float.self)
        for i in 0..<count {
          let half = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
          unsafe target[i] = Float(halfBits: half)
        }
      case .int4, .uint4:
        unsafe Self.unpackHalfBytes(bytes, into: buffer, count: count, isSigned: type.element == .int4)
      default:
        let target = unsafe buffer.bindMemory(to: Int8.self)
        for i in 0..<count {
          let byte = unsafe bytes.unsafeLoad(fromByteOffset: i / 4, as: Int8.self)
          unsafe target[i] = (byte &<< (6 - 2 * Int8(i & 3))) &>> 6
        }
      }
    }
  }

  /// One byte for each four bits of `bytes`, the lower four of a byte first.
  private static func unpackHalfBytes(
    _ bytes: RawSpan, into target: UnsafeMutableRawBufferPointer, count: Int, isSigned: Bool
  ) {
    precondition(target.count >= count && bytes.byteCount >= (count + 1) / 2)
    // The highest bit counts negatively: x ^ 8 - 8. The bit above keeps what one byte borrows from the next.
    let sign: UInt64 = isSigned ? 0x0808_0808_0808_0808 : 0
    let above = sign &<< 4
    let words = count / 8
    for i in 0..<words {
      var x = unsafe UInt64(UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: i &* 4, as: UInt32.self)))
      x = (x | x &<< 16) & 0x0000_FFFF_0000_FFFF
      x = (x | x &<< 8) & 0x00FF_00FF_00FF_00FF
      x = (x | x &<< 4) & 0x0F0F_0F0F_0F0F_0F0F
      x = (((x ^ sign) | above) &- sign) ^ above
      unsafe target.storeBytes(of: x.littleEndian, toByteOffset: i &* 8, as: UInt64.self)
    }
    let signOfByte = UInt8(truncatingIfNeeded: sign)
    for i in words * 8..<count {
      let byte = unsafe bytes.unsafeLoad(fromByteOffset: i / 2, as: UInt8.self)
      let half = i & 1 == 0 ? byte & 15 : byte &>> 4
      unsafe target[i] = (half ^ signOfByte) &- signOfByte
    }
  }
}
