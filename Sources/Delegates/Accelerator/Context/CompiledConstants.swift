internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// A partition's constants as the accelerator holds them: floats in float16, everything else as in the model.
struct CompiledConstants {
  /// For each node and input, the constant that takes the model's place; nil where that is used.
  let replaced: [[Constant?]]

  func constant(node: Int, input: Int, of operand: DelegateOperand) -> Constant? {
    replaced[node][input] ?? operand.constant
  }

  private static func isRounded(_ operand: DelegateOperand?, _ rounding: AcceleratorRegion.Rounding) -> Bool {
    rounding == .float16 && operand?.constant != nil && operand?.type.element == .float32
  }

  /// Rounds the constants of a region.
  init(_ region: DelegateRegion, rounding: AcceleratorRegion.Rounding) throws(DelegateError) {
    var replaced: [[Constant?]] = []
    for node in region.nodes {
      var row: [Constant?] = []
      for operand in node.inputs {
        guard Self.isRounded(operand, rounding), let constant = operand?.constant else {
          row.append(nil)
          continue
        }
        row.append(try Self.constant(constant.bytes.floats.map(Float16Rounding.round)))
      }
      replaced.append(row)
    }
    self.replaced = replaced
  }

  private static func constant(_ values: [Float]) throws(DelegateError) -> Constant {
    let copy: SharedBytes
    do { copy = unsafe try SharedBytes(copying: values.span.bytes) } catch {
      throw DelegateError("constants cannot be rounded: \(error)")
    }
    return Constant(copy)
  }

  /// The constants as a context binary holds them: for each node its place in the model and how many constants follow, for each of these the
  /// input's position, the number of elements, and the elements as float16.
  func payload(_ region: DelegateRegion) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt32(region.nodes.count))
    for (node, row) in zip(region.nodes, replaced) {
      bytes.append(littleEndian: UInt32(node.origin.subgraph))
      bytes.append(littleEndian: UInt32(node.origin.index))
      bytes.append(littleEndian: UInt32(row.count { $0 != nil }))
      for (position, constant) in row.enumerated() {
        guard let values = constant?.bytes.floats else { continue }
        bytes.append(littleEndian: UInt32(position))
        bytes.append(littleEndian: UInt64(values.count))
        for value in values { bytes.append(littleEndian: Float16(value).bitPattern) }
      }
    }
    return bytes
  }

  /// What no payload for this region exceeds, in bytes.
  static func largestPayload(_ region: DelegateRegion) -> Int {
    region.nodes.reduce(4) { size, node in
      node.inputs.reduce(size + 12) { $0 + 12 + ($1?.constant?.bytes.count ?? 0) / 2 }
    }
  }

  /// Reads a payload that was made for this region.
  ///
  /// - Throws: `malformedPayload` when it is anything else.
  init(
    payload bytes: [UInt8], region: DelegateRegion, rounding: AcceleratorRegion.Rounding
  ) throws(ContextBinary.Rejection) {
    var position = 0
    func read<T: FixedWidthInteger>(_: T.Type) throws(ContextBinary.Rejection) -> T {
      guard bytes.count - position >= T.bitWidth / 8 else { throw .malformedPayload }
      defer { position += T.bitWidth / 8 }
      return bytes.littleEndian(at: position)
    }
    guard try read(UInt32.self) == UInt32(region.nodes.count) else { throw .malformedPayload }
    var replaced: [[Constant?]] = []
    for node in region.nodes {
      guard try read(UInt32.self) == UInt32(node.origin.subgraph), try read(UInt32.self) == UInt32(node.origin.index)
      else { throw .malformedPayload }
      var row = [Constant?](repeating: nil, count: node.inputs.count)
      for _ in 0..<(try read(UInt32.self)) {
        let input = Int(try read(UInt32.self))
        let count = try read(UInt64.self)
        guard row.indices.contains(input), row[input] == nil, Self.isRounded(node.inputs[input], rounding),
          let operand = node.inputs[input], count == UInt64(operand.constant?.bytes.count ?? 0) / 4,
          count <= UInt64(bytes.count - position) / 2
        else { throw .malformedPayload }
        var values: [Float] = []
        values.reserveCapacity(Int(count))
        for _ in 0..<Int(count) { values.append(Float(Float16(bitPattern: try read(UInt16.self)))) }
        do { row[input] = try Self.constant(values) } catch { throw .malformedPayload }
      }
      for (input, operand) in node.inputs.enumerated() where Self.isRounded(operand, rounding) && row[input] == nil {
        throw .malformedPayload
      }
      replaced.append(row)
    }
    guard position == bytes.count else { throw .malformedPayload }
    self.replaced = replaced
  }
}

extension SharedBytes {
  /// The bytes as `float32` values.
  var floats: [Float] {
    let span = span
    return (0..<span.byteCount / 4).map { unsafe span.unsafeLoadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
  }
}
