internal import CKernels
internal import Glibc
internal import TensorTypes

/// What lies at the positions of one dimension of a bordered tensor.
struct BorderedAxis: Sendable {
  /// Positions in a row that are all filled (`step` 0), or come from the input at `source`, `source + step`, …
  struct Run: Sendable {
    var start: Int
    var count: Int
    var source: Int
    var step: Int
  }

  /// Dimension of the input.
  let inputSize: Int
  let size: Int
  let runs: [Run]

  /// `size` positions of the input between constant borders; negative borders crop.
  init(size inputSize: Int, before: Int, after: Int) {
    self.inputSize = inputSize
    size = inputSize + before + after
    let first = max(0, -before)
    let kept = max(0, min(inputSize, inputSize + after) - first)
    let left = min(max(before, 0), size)
    var runs: [Run] = []
    if left > 0 { runs.append(Run(start: 0, count: left, source: 0, step: 0)) }
    if kept > 0 { runs.append(Run(start: left, count: kept, source: first, step: 1)) }
    let end = left + kept
    if end < size { runs.append(Run(start: end, count: size - end, source: 0, step: 0)) }
    self.runs = runs
  }

  /// `size` positions of the input between borders that mirror it; with `offset` 1 the edge itself is not repeated.
  init(size inputSize: Int, mirrored before: Int, _ after: Int, offset: Int) {
    self.inputSize = inputSize
    size = inputSize + before + after
    var runs: [Run] = []
    if before > 0 { runs.append(Run(start: 0, count: before, source: before - 1 + offset, step: -1)) }
    if inputSize > 0 { runs.append(Run(start: before, count: inputSize, source: 0, step: 1)) }
    if after > 0 {
      runs.append(Run(start: before + inputSize, count: after, source: inputSize - 1 - offset, step: -1))
    }
    self.runs = runs
  }

  /// For each position how many from it on are borders, or come from neighbours in the input.
  var neighbours: [Int32] {
    var neighbours = [Int32](repeating: 1, count: size)
    for run in runs where run.step == 0 || run.step == 1 {
      for index in 0..<run.count { neighbours[run.start + index] = Int32(run.count - index) }
    }
    return neighbours
  }

  /// Whether the dimension is taken over unchanged.
  var isIdentity: Bool { size == inputSize && (size == 0 || (runs.count == 1 && runs[0].step == 1)) }

  /// The input's position for each position, -1 where there is none.
  var sources: [Int32] {
    var sources = [Int32](repeating: -1, count: size)
    for run in runs where run.step != 0 {
      for index in 0..<run.count { sources[run.start + index] = Int32(run.source + index * run.step) }
    }
    return sources
  }
}

/// Copies a tensor into a larger one, with borders that are filled or mirrored.
struct BorderedCopy: Sendable {
  private let unit: Int
  private let width: Int
  /// The outer dimensions: their input position for each output position, and the input's stride in bytes.
  private let outer: [(sources: [Int32], stride: Int)]
  private let inner: BorderedAxis
  /// For each position of the last outer dimension how many from it on are borders, or come from neighbours in the input.
  private let neighbours: [Int32]
  private let rows: Int
  private let inputBytes: Int
  private let outputBytes: Int

  /// - Throws: `unsupported` for strings and elements narrower than a byte.
  init(_ axes: [BorderedAxis], element: ElementType) throws(OperatorError) {
    guard element.bitWidth >= 8, element.bitWidth <= 64 else {
      throw .unsupported("tensors of type \(element); elements of one to eight bytes are supported")
    }
    width = element.bitWidth / 8
    var axes = axes
    // Dimensions behind the last bordered one move as blocks.
    var block = width
    while let last = axes.last, last.isIdentity, axes.count > 1 {
      (block, _) = block.multipliedReportingOverflow(by: last.size)
      axes.removeLast()
    }
    inner = axes.last ?? BorderedAxis(size: 1, before: 0, after: 0)
    guard let inputShape = Shape(axes.map(\.inputSize)), let outputShape = Shape(axes.map(\.size)),
      let inputShapeBytes = ElementType.int8.byteCount(of: inputShape.elementCount),
      let outputShapeBytes = ElementType.int8.byteCount(of: outputShape.elementCount)
    else { throw .malformed("the padded shape is not valid") }
    let (input, inputOverflow) = inputShapeBytes.multipliedReportingOverflow(by: block)
    let (output, outputOverflow) = outputShapeBytes.multipliedReportingOverflow(by: block)
    guard !inputOverflow, !outputOverflow else { throw .malformed("the padded shape is not valid") }
    inputBytes = input
    outputBytes = output
    unit = block
    guard output > 0 else {
      outer = []
      neighbours = []
      rows = 0
      return
    }
    let strides = inputShape.strides
    outer = axes.dropLast().enumerated().map { ($1.sources, strides[$0] * block) }
    rows = outputShape.elementCount / inner.size
    neighbours = axes.dropLast().last?.neighbours ?? []
  }

  /// Rows up to so many bytes are filled together before the input's part is copied into them.
  private static let shortRow = 256

  /// - Parameter value: the element that fills borders, in the lowest bytes.
  func run(_ io: Operands, value: UInt64) throws(OperatorError) {
    guard unsafe io.inputBytes(0).count >= inputBytes, unsafe io.outputBytes(0).count >= outputBytes else {
      throw .malformed("an operand is smaller than its shape")
    }
    let rowBytes = inner.size * unit
    try io.parallel(rows, grain: max(1, (1 << 16) / max(rowBytes, 1))) { range in
      guard let target = unsafe io.outputBytes(0).baseAddress else { return }
      let source = unsafe io.inputBytes(0).baseAddress ?? UnsafeRawPointer(target)
      var row = range.lowerBound
      while row < range.upperBound {
        var rest = row
        let count = neighbours.isEmpty ? 1 : min(Int(neighbours[row % neighbours.count]), range.upperBound &- row)
        defer { row &+= count }
        var offset = 0
        var isBorder = inputBytes == 0
        for axis in outer.indices.reversed() {
          let sources = outer[axis].sources
          let place = Int(sources[rest % sources.count])
          rest /= sources.count
          if place < 0 { isBorder = true }
          offset &+= place &* outer[axis].stride
        }
        // Safety: rows lie inside the output; sources are positions of the input, whose size was checked.
        let y = unsafe target + row &* rowBytes
        if isBorder {
          unsafe fill(y, count &* inner.size, value)
          continue
        }
        let isFilled = rowBytes <= Self.shortRow && count > 1 && inner.runs.contains { $0.step == 0 }
        if isFilled { unsafe fill(y, count &* inner.size, value) }
        for run in inner.runs {
          let start = unsafe y + run.start &* unit
          switch run.step {
          case 0:
            if isFilled { continue }
            for line in 0..<count { unsafe fill(start + line &* rowBytes, run.count, value) }
          case 1:
            unsafe tflk_copy_blocks(
              source + (offset &+ run.source &* unit), inner.inputSize &* unit, start, rowBytes, count,
              run.count &* unit)
          default:
            for line in 0..<count {
              let from = offset &+ (line &* inner.inputSize &+ run.source) &* unit
              for index in 0..<run.count {
                unsafe memcpy(
                  start + line &* rowBytes + index &* unit, source + (from &+ index &* run.step &* unit), unit)
              }
            }
          }
        }
      }
    }
  }

  /// Fills `count` blocks with the value.
  private func fill(_ target: UnsafeMutableRawPointer, _ count: Int, _ value: UInt64) {
    unsafe fillElements(target, bytes: count &* unit, width: width, value: value)
  }
}

/// Fills memory with one element of 1, 2, 4 or 8 bytes, given in the lowest bytes of `value`.
func fillElements(_ target: UnsafeMutableRawPointer, bytes: Int, width: Int, value: UInt64) {
  func store<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) {
    let element = T(truncatingIfNeeded: value)
    for index in 0..<bytes / MemoryLayout<T>.size {
      unsafe target.storeBytes(of: element, toByteOffset: index &* MemoryLayout<T>.size, as: T.self)
    }
  }
  if value == 0 || width == 1 {
    unsafe memset(target, Int32(truncatingIfNeeded: value & 0xFF), bytes)
    return
  }
  switch width {
  case 2: store(UInt16.self)
  case 4: store(UInt32.self)
  default: store(UInt64.self)
  }
}
