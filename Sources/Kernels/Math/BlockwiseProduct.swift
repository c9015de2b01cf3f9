internal import FlatBuffers
internal import TensorTypes

/// Weights `[units, depth]` of 4 or 2 bits with a scale for each block of elements along the depth, as LiteRT's blockwise formats have them.
struct BlockwiseWeights: Sendable {
  let units: Int
  let depth: Int
  let blockSize: Int
  let element: ElementType
  /// One `Float` for each block, in row-major order.
  private let scales: SharedBytes
  /// Tells the scales from others that the same weights may have elsewhere.
  private let scalesKey: String

  var blocksPerRow: Int { depth / blockSize }

  /// - Throws: `malformed` when scales do not fit the weights, `unsupported` for other types.
  init(_ node: NodeContext, input: Int) throws(OperatorError) {
    let type = try node.input(input)
    guard case .blockwise(let tensor, let zeroPoints, let size) = type.quantization else {
      throw .malformed("input \(input) is not quantised in blocks")
    }
    guard type.element == .int4 || type.element == .int2, type.shape.rank == 2 else {
      throw .unsupported("blockwise quantised \(type); int4 and int2 of rank 2 are supported")
    }
    guard size > 0, type.shape[1] % size == 0 else {
      throw .malformed("a row of \(type.shape[1]) elements does not divide into blocks of \(size)")
    }
    guard let (scaleType, constant) = node.companion?(tensor) else {
      throw .malformed("the scales of input \(input) are not constant")
    }
    units = type.shape[0]
    depth = type.shape[1]
    blockSize = size
    element = type.element
    let count = units * (depth / size)
    guard scaleType.shape.elementCount == count else {
      throw .malformed("\(scaleType) scales for \(count) blocks")
    }
    if let zeroPoints, let (zeroType, zeros) = node.companion?(zeroPoints) {
      guard let bytes = zeroType.byteCount, zeros.bytes.count >= bytes else {
        throw .malformed("the zero points of input \(input) are cut off")
      }
      let zeroBytes = zeros.bytes
      let span = zeroBytes.span
      for index in 0..<bytes where unsafe span.unsafeLoadUnaligned(fromByteOffset: index, as: UInt8.self) != 0 {
        throw .unsupported("blockwise quantised weights with zero points other than 0")
      }
    }
    scalesKey = "\(ObjectIdentifier(constant).hashValue)"
    let source = constant.bytes
    let width = scaleType.element == .float16 ? 2 : 4
    guard scaleType.element == .float16 || scaleType.element == .float32, source.count >= count * width else {
      throw .malformed("the scales must be float16 or float32, not \(scaleType)")
    }
    scales = try constant.packed("scales") { () throws(OperatorError) -> SharedBytes in
      try unsafe SharedBytes.make(count: count * 4, failure: { _ in OperatorError.outOfMemory(bytes: count * 4) }) {
        buffer throws(OperatorError) in
        let target = unsafe buffer.bindMemory(to: Float.self)
        let span = source.span
        for index in 0..<count {
          unsafe target[index] =
            width == 2
            ? Float(halfBits: span.unsafeLoadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
            : span.unsafeLoadUnaligned(fromByteOffset: 4 * index, as: Float.self)
        }
      }
    }
  }

  /// The scales of a row of weights.
  @inline(__always)
  func scale(_ row: Int, _ block: Int) -> Float {
    let index = row &* blocksPerRow &+ block
    precondition(index >= 0 && index < scales.count / 4)
    return unsafe scales.baseAddress.load(fromByteOffset: index * 4, as: Float.self)
  }

  /// For each unit the sum of its weights as real numbers, one `Float` each.
  private func sums(_ node: NodeContext, _ unpacked: SharedBytes) throws(OperatorError) -> SharedBytes {
    try node.packed("sums in blocks of \(blockSize) with \(scalesKey)", of: [1]) { () throws(OperatorError) in
      let bytes = units * 4
      return try unsafe SharedBytes.make(count: bytes, failure: { _ in OperatorError.outOfMemory(bytes: bytes) }) {
        buffer throws(OperatorError) in
        let target = unsafe buffer.bindMemory(to: Float.self)
        // Safety: there is an element for each unit and place, and any byte is an integer.
        let values = unsafe Span<Int8>(
          _unsafeStart: unpacked.baseAddress.assumingMemoryBound(to: Int8.self), count: unpacked.count)
        for unit in 0..<units {
          var sum: Float = 0
          for block in 0..<blocksPerRow {
            let first = unit &* depth &+ block &* blockSize
            let row = values.extracting(first..<first &+ blockSize)
            var total: Int32 = 0
            for i in row.indices { total &+= Int32(row[i]) }
            sum += scale(unit, block) * Float(total)
          }
          unsafe target[unit] = sum
        }
      }
    }
  }

  /// The product of float rows, each quantised with a zero point while the model runs, with these weights, plus a bias.
  func product(
    _ node: NodeContext, rows: Int, hasBias: Bool, range: ClosedRange<Float>
  ) throws(OperatorError) -> Kernel {
    let unpacked = try node.unpacked(1)
    let weightSums = try sums(node, unpacked)
    let (units, depth, blockSize, blocks) = (units, depth, blockSize, blocksPerRow)
    let weights = self
    return Kernel(scratch: [rows * depth, rows * 4, rows * 4]) { io throws(OperatorError) in
      try DynamicQuantization.quantizeRows(io, input: 0, rows: rows, columns: depth, asymmetric: true)
      try io.parallel(units, grain: max(1, 32768 / max(rows * depth, 1))) { unitRange in
        let quantized = io.writtenScratch(0, as: Int8.self)
        let values = unsafe Span<Int8>(
          _unsafeStart: unpacked.baseAddress.assumingMemoryBound(to: Int8.self), count: unpacked.count)
        let rowScales = io.writtenScratch(1, as: Float.self)
        let zeroPoints = io.writtenScratch(2, as: Int32.self)
        for unit in unitRange {
          let weightRow = values.extracting(unit &* depth..<(unit + 1) &* depth)
          let weightSum = unsafe weightSums.baseAddress.load(fromByteOffset: unit &* 4, as: Float.self)
          for row in 0..<rows {
            let inputRow = quantized.extracting(row &* depth..<(row + 1) &* depth)
            var sum: Float = 0
            for block in 0..<blocks {
              let bounds = block &* blockSize..<(block + 1) &* blockSize
              let dot = narrowDot(inputRow.extracting(bounds), weightRow.extracting(bounds))
              sum += Float(dot) * weights.scale(unit, block)
            }
            var value = (sum - Float(zeroPoints[row]) * weightSum) * rowScales[row]
            if hasBias { value += io.input(2, as: Float.self)[unit] }
            var output = io.output(0, as: Float.self, in: row &* units &+ unit..<row &* units &+ unit &+ 1)
            output[0] = clamp(value, range)
          }
        }
      }
    }
  }
}

/// The sum of products of bytes with integers from -8 to 7.
@inline(__always)
private func narrowDot(_ a: Span<Int8>, _ b: Span<Int8>) -> Int32 {
  precondition(a.count == b.count)
  let (x, w) = unsafe (a.bytes, b.bytes)
  let vectors = a.count / 16
  var total: Int32 = 0
  var next = 0
  while next < vectors {
    // A product is at most 1024 in magnitude: sums of 31 of them fit in 16 bits.
    let end = min(next &+ 31, vectors)
    var sums = SIMD16<Int16>.zero
    while next < end {
      // Safety: the vectors lie inside of the spans, and any bytes are integers.
      let p = unsafe x.unsafeLoadUnaligned(fromUncheckedByteOffset: next &* 16, as: SIMD16<Int8>.self)
      let q = unsafe w.unsafeLoadUnaligned(fromUncheckedByteOffset: next &* 16, as: SIMD16<Int8>.self)
      sums &+= SIMD16<Int16>(truncatingIfNeeded: p) &* SIMD16<Int16>(truncatingIfNeeded: q)
      next &+= 1
    }
    total &+= SIMD16<Int32>(truncatingIfNeeded: sums).wrappedSum()
  }
  for i in vectors &* 16..<a.count { total &+= Int32(a[i]) &* Int32(b[i]) }
  return total
}
