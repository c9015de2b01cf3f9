internal import CKernels
internal import TensorTypes

/// Attention of float queries `[batch, length, heads, depth]` on keys and values `[batch, span, groups, depth]`. Operands: query 0, key 1, value 2,
/// mask 3, output 0.
///
/// The heads of a group are the rows of one problem for the C kernels. Where these pack keys and values, as many groups are packed at a time as fit a
/// buffer.
@safe struct FloatAttention: Sendable {
  private let attention: tflk_attention
  private let batch: Int
  private let groups: Int
  private let hasMask: Bool
  private let maskBatchStep: Int
  private let kernels: Microkernels
  /// Items of work of a group, and their rows.
  private let itemsPerGroup: Int
  private let rowsPerItem: Int
  private let threads: Int
  private let packedBytes: Int
  private let scratchBytes: Int
  /// Groups that are packed at a time.
  private let packedGroups: Int
  /// Keys and values that are packed at a time.
  private let packingStep: Int

  /// - Parameters:
  ///   - query: four dimensions, none of them 0.
  ///   - mask: at most four dimensions, which broadcast to `[batch, heads, length, span]`.
  ///   - cap: nil for none.
  init(query: Shape, key: Shape, mask: Shape?, scale: Float, cap: Float?, threads: Int) throws(OperatorError) {
    kernels = .best
    batch = query[0]
    groups = key[2]
    let (length, heads, depth, span) = (query[1], query[2], query[3], key[1])
    // Distances between the mask's elements along each dimension of the products, 0 where it is repeated.
    var steps = [0, 0, 0, 0]
    var step = 1
    for axis in (0..<(mask?.rank ?? 0)).reversed() {
      guard let mask else { break }
      if mask[axis] != 1 { steps[axis + 4 - mask.rank] = step }
      step *= mask[axis]
    }
    hasMask = mask != nil
    maskBatchStep = steps[0]
    let perGroup = heads / groups
    let rows = length * perGroup
    let attention = tflk_attention(
      rows: rows, heads: perGroup, position_stride: heads * depth, span: span, depth: depth,
      item_stride: groups * depth, scale: scale, cap: cap ?? 0, mask_position_step: steps[2], mask_head_step: steps[1],
      mask_item_step: steps[3])
    self.attention = attention
    let table = unsafe kernels.table.pointee
    let columns = table.f32_tile_columns
    // Packed forms pad the span and the depth to whole tiles; nothing of what follows may overflow.
    let (paddedSpan, paddedDepth) = (span.addingReportingOverflow(columns), depth + columns)
    let (cells, overflow) = paddedSpan.partialValue.multipliedReportingOverflow(by: paddedDepth * 16)
    guard !paddedSpan.overflow, !overflow, cells < Int.max / 4 else {
      throw .malformed("the key \(key) is too large")
    }
    (packedBytes, scratchBytes) = unsafe withUnsafePointer(to: attention) {
      unsafe (table.f32_attention_packed_bytes($0), table.f32_attention_scratch_bytes($0))
    }
    let operations = 2 * span * depth + 64 * span
    let total = Double(operations) * Double(rows) * Double(batch * groups) / Double(kernels.floatRate)
    let budget = itemMicroseconds(total: total, threads: threads) * Double(kernels.floatRate)
    let multiple = table.f32_tile_rows
    let wanted = max(1, Int(min(budget / Double(max(operations, 1)), Double(rows))))
    let (count, isLong) = (rows, rows > multiple)
    rowsPerItem = min(count, isLong ? (wanted + multiple - 1) / multiple * multiple : wanted)
    itemsPerGroup = (rows - 1) / rowsPerItem + 1
    self.threads = threads
    packedGroups = packedBytes == 0 ? batch * groups : max(1, min(batch * groups, (4 << 20) / packedBytes))
    packingStep = tileSize(of: span / columns + 1, operations: columns * depth * 2, picoseconds: 300) * columns
  }

  func kernel() -> Kernel {
    Kernel(scratch: [threads * scratchBytes, packedBytes * packedGroups]) { io throws(OperatorError) in
      for first in stride(from: 0, to: batch * groups, by: packedGroups) {
        let count = min(packedGroups, batch * groups - first)
        if packedBytes > 0, attention.span > 0 {
          let steps = (attention.span - 1) / packingStep + 1
          try io.forEachTile(count * steps, workers: threads) { index, _ in
            pack(group: first + index / steps, into: index / steps, step: index % steps, io)
          }
        }
        try io.forEachTile(count * itemsPerGroup, workers: threads) { index, worker in
          let group = index / itemsPerGroup
          let row = index % itemsPerGroup * rowsPerItem
          compute(
            group: first + group, rows: row..<min(row + rowsPerItem, attention.rows), packed: group, worker: worker, io)
        }
      }
    }
  }

  /// The first element of a group's keys and values.
  private func itemStart(_ group: Int) -> Int {
    (group / groups * attention.span * groups + group % groups) * attention.depth
  }

  private func pack(group: Int, into place: Int, step: Int, _ io: Operands) {
    let begin = step * packingStep
    let start = itemStart(group)
    guard let key = unsafe io.inputBytes(1).bindMemory(to: Float.self).baseAddress,
      let value = unsafe io.inputBytes(2).bindMemory(to: Float.self).baseAddress,
      let packed = unsafe io.scratchBytes(1).baseAddress
    else { return }
    // Safety: operands have the bytes of their shapes, and the scratch those that the kernel asked for.
    unsafe withUnsafePointer(to: attention) {
      unsafe kernels.table.pointee.f32_attention_pack(
        $0, key + start, value + start, packed + place * packedBytes, begin, min(begin + packingStep, attention.span))
    }
  }

  private func compute(group: Int, rows: Range<Int>, packed place: Int, worker: Int, _ io: Operands) {
    let (item, inBatch) = group.quotientAndRemainder(dividingBy: groups)
    let row = item * (attention.rows / attention.heads) * attention.position_stride
    let start = row + inBatch * attention.heads * attention.depth
    let keyStart = attention.span > 0 ? itemStart(group) : 0
    let maskStart = item * maskBatchStep + inBatch * attention.heads * attention.mask_head_step
    guard let query = unsafe io.inputBytes(0).bindMemory(to: Float.self).baseAddress,
      let key = unsafe io.inputBytes(1).bindMemory(to: Float.self).baseAddress,
      let value = unsafe io.inputBytes(2).bindMemory(to: Float.self).baseAddress,
      let output = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress,
      let scratch = unsafe io.scratchBytes(0).baseAddress
    else { return }
    let mask = unsafe hasMask ? io.inputBytes(3).bindMemory(to: Float.self).baseAddress : nil
    let packed = unsafe packedBytes > 0 ? UnsafeRawPointer(io.scratchBytes(1).baseAddress) : nil
    // Safety: operands have the bytes of their shapes, and the scratch those that the kernel asked for.
    unsafe withUnsafePointer(to: attention) {
      unsafe kernels.table.pointee.f32_attention(
        $0, query + start, key + keyStart, value + keyStart, packed.map { unsafe $0 + place * packedBytes },
        mask.map { unsafe $0 + maskStart }, output + start, rows.lowerBound, rows.upperBound,
        scratch + worker * scratchBytes)
    }
  }
}
