internal import CKernels
internal import Glibc
internal import TensorTypes

/// Copies of rows of one length from one tensor to another, at places that are known when the kernel runs.
///
/// Rows are whole bytes, or elements of two or four bits that do not fill bytes.
struct RowGather: Sendable {
  private let rowBits: Int
  private let sourceBytes: Int
  private let targetBytes: Int
  private let elementBits: Int

  /// - Parameters:
  ///   - length: elements of a row.
  ///   - input: the tensor that rows are taken from; `output` the one they go to, filled by `output.elementCount / length` rows.
  init(length: Int, element: ElementType, input: Shape, output: Shape) throws(OperatorError) {
    guard element.bitWidth > 0 else { throw .unsupported("tensors of type \(element)") }
    guard let sourceBytes = element.byteCount(of: input.elementCount),
      let targetBytes = element.byteCount(of: output.elementCount),
      element.byteCount(of: length) != nil
    else { throw .malformed("\(input) or \(output) is too large") }
    self.sourceBytes = sourceBytes
    self.targetBytes = targetBytes
    elementBits = element.bitWidth
    rowBits = length * element.bitWidth
  }

  /// Fills `rows` rows of output 0; row `i` comes from row `source(i)` of an input, which must exist.
  @inline(__always)
  func run(_ io: Operands, input: Int, rows: Int, source: @Sendable (Int) -> Int) throws(OperatorError) {
    guard rows > 0, rowBits > 0 else { return }
    guard unsafe io.inputBytes(input).count >= sourceBytes, unsafe io.outputBytes(0).count >= targetBytes else {
      throw .malformed("an operand is smaller than its shape")
    }
    guard rowBits % 8 == 0 else {
      // Bits behind the last element become 0.
      var target = io.output(0, as: UInt8.self)
      target[targetBytes - 1] = 0
      for row in 0..<rows { copyBits(io, input, from: source(row), to: row) }
      return
    }
    let bytes = rowBits / 8
    try io.parallel(rows, grain: max(1, (1 << 16) / bytes)) { range in
      guard let from = unsafe io.inputBytes(input).baseAddress, let to = unsafe io.outputBytes(0).baseAddress else {
        return
      }
      for row in range {
        let place = source(row)
        precondition(place >= 0 && (place &+ 1) &* bytes <= sourceBytes && (row &+ 1) &* bytes <= targetBytes)
        // Safety: both rows lie inside their operands, checked above.
        switch bytes {
        case 1:
          unsafe to.storeBytes(of: from.load(fromByteOffset: place, as: UInt8.self), toByteOffset: row, as: UInt8.self)
        case 4:
          unsafe to.storeBytes(
            of: from.loadUnaligned(fromByteOffset: place &* 4, as: UInt32.self), toByteOffset: row &* 4, as: UInt32.self
          )
        default: unsafe memcpy(to + row &* bytes, from + place &* bytes, bytes)
        }
      }
    }
  }

  /// Fills rows of output 0 from the places that an input of indices names, which must have been checked.
  ///
  /// - Parameters:
  ///   - count: rows of a slab.
  ///   - slabs: how often that many rows are filled, each time from the next `places.rows` rows of the input.
  ///   - repeats: slabs one after the other that have the same places.
  func run(
    _ io: Operands, input: Int, places: RowPlaces, count: Int, slabs: Int = 1, repeats: Int = 1
  ) throws(OperatorError) {
    guard rowBits % 8 == 0 else {
      return try run(io, input: input, rows: slabs * count) { row in
        let slab = row / count
        return slab &* places.rows &+ places.row(io, slab / repeats &* count &+ row % count)
      }
    }
    let bytes = rowBits / 8
    guard bytes > 0, count > 0 else { return }
    let slabBytes = places.rows * bytes
    guard unsafe io.inputBytes(input).count >= slabs * slabBytes, unsafe io.outputBytes(0).count >= targetBytes,
      targetBytes == slabs * count * bytes
    else { throw .malformed("an operand is smaller than its shape") }
    try io.parallel(slabs * count, grain: max(1, (1 << 16) / bytes)) { range in
      guard let from = unsafe io.inputBytes(input).baseAddress, let to = unsafe io.outputBytes(0).baseAddress else {
        return
      }
      unsafe places.withC(io) { places in
        var row = range.lowerBound
        while row < range.upperBound {
          let (slab, within) = row.quotientAndRemainder(dividingBy: count)
          let length = min(count - within, range.upperBound - row)
          // Safety: the slab and the rows of the output lie inside their operands, and places outside of the slab are left out.
          unsafe tflk_gather_rows(
            places, slab / repeats * count + within, length, from + slab * slabBytes, to + row * bytes, bytes)
          row += length
        }
      }
    }
  }

  private func copyBits(_ io: Operands, _ input: Int, from: Int, to: Int) {
    let source = io.input(input, as: UInt8.self)
    var target = io.output(0, as: UInt8.self)
    let mask = UInt8((1 << elementBits) - 1)
    for bit in stride(from: 0, to: rowBits, by: elementBits) {
      let read = from * rowBits + bit
      let write = to * rowBits + bit
      let value = (source[read >> 3] >> UInt8(read & 7)) & mask
      let shift = UInt8(write & 7)
      target[write >> 3] = (target[write >> 3] & ~(mask << shift)) | (value << shift)
    }
  }
}

extension Operands {
  /// An element of an index input: `int16`, `int32` or `int64`.
  @inline(__always)
  func index(_ input: Int, _ place: Int, _ element: ElementType) -> Int {
    switch element {
    case .int16: Int(self.input(input, as: Int16.self)[place])
    case .int64: Int(self.input(input, as: Int64.self)[place])
    default: Int(self.input(input, as: Int32.self)[place])
    }
  }
}
