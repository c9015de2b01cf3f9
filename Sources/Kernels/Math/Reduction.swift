internal import CKernels
internal import TensorTypes

/// Which dimensions of a tensor a reduction folds, and the order in which it visits the elements.
///
/// Neighbouring dimensions that are both folded or both kept count as one. Each result folds its elements in the order of the input, so
/// results do not depend on threads.
struct Reduction: Sendable {
  static let maximumGroups = 8

  struct Group: Sendable {
    var size: Int
    var stride: Int
  }

  /// The kept dimensions in front of the innermost group.
  private let kept: InlineArray<8, Group>
  private let keptCount: Int
  private let folded: InlineArray<8, Group>
  private let foldedCount: Int
  /// Size of the innermost group.
  private let inner: Int
  private let innerIsFolded: Bool
  /// Number of results in front of the innermost group.
  private let outer: Int
  /// Number of combinations of the folded dimensions in front of the innermost group.
  private let repeats: Int
  let inputCount: Int
  let outputCount: Int
  /// Elements that each result folds.
  let foldedElements: Int
  /// Whether all elements go into one result.
  let foldsAll: Bool

  /// - Parameter axes: the folded axes, each inside the rank.
  init(_ input: Shape, axes: Set<Int>) throws(OperatorError) {
    var groups: [(size: Int, folded: Bool)] = []
    for axis in 0..<input.rank where input[axis] != 1 {
      let folded = axes.contains(axis)
      if let last = groups.last, last.folded == folded {
        let (size, _) = last.size.multipliedReportingOverflow(by: input[axis])
        groups[groups.count - 1].size = size
      } else {
        groups.append((input[axis], folded))
      }
    }
    inputCount = input.elementCount
    foldsAll = axes.count == input.rank
    foldedElements = axes.reduce(1) { $0.multipliedReportingOverflow(by: input[$1]).partialValue }
    guard let output = Shape((0..<input.rank).map { axes.contains($0) ? 1 : input[$0] }) else {
      throw .malformed("shape \(input) is not valid")
    }
    outputCount = output.elementCount
    guard groups.count <= Self.maximumGroups else {
      throw .unsupported(
        "a reduction of \(groups.count) alternating dimensions; up to \(Self.maximumGroups) are supported")
    }
    var kept = InlineArray<8, Group>(repeating: Group(size: 1, stride: 0))
    var folded = kept
    var keptCount = 0
    var foldedCount = 0
    let last = groups.popLast() ?? (size: 1, folded: false)
    inner = last.size
    innerIsFolded = last.folded
    var outer = 1
    var repeats = 1
    if inputCount > 0 {
      var stride = inputCount
      for group in groups {
        stride /= group.size
        if group.folded {
          folded[foldedCount] = Group(size: group.size, stride: stride)
          foldedCount += 1
          repeats *= group.size
        } else {
          kept[keptCount] = Group(size: group.size, stride: stride)
          keptCount += 1
          outer *= group.size
        }
      }
    }
    self.kept = kept
    self.keptCount = keptCount
    self.folded = folded
    self.foldedCount = foldedCount
    self.outer = outer
    self.repeats = repeats
  }

  @inline(__always)
  private func offset(_ groups: InlineArray<8, Group>, _ count: Int, _ index: Int) -> Int {
    var rest = index
    var offset = 0
    var group = count - 1
    while group > 0 {
      offset &+= rest % groups[group].size &* groups[group].stride
      rest /= groups[group].size
      group -= 1
    }
    return count > 0 ? offset &+ rest &* groups[0].stride : 0
  }

  /// Folds each column of a matrix in the input, or each row, into an accumulator, where the C kernels have the function.
  ///
  /// - Parameters:
  ///   - base: the matrix's first element.
  ///   - rows: its rows, `pitch` elements apart.
  @inline(__always)
  private func fold<F: ReductionFunction>(
    _: F.Type, _ io: Operands, byRows: Bool, at base: Int, rows: Int, pitch: Int, columns: Int,
    _ accumulators: inout MutableSpan<F.Accumulator>
  ) -> Bool {
    guard let fold = F.fold, let type = foldedType(F.Element.self) else { return false }
    precondition(accumulators.count == (byRows ? rows : columns))
    let matrix = io.input(0, as: F.Element.self, in: base..<base &+ (rows - 1) * pitch &+ columns)
    let table = unsafe Microkernels.best.table
    // Safety: the last row ends where the span ends; accumulators are of the type that the kernels use for this fold.
    unsafe accumulators.withUnsafeMutableBufferPointer { accumulators in
      unsafe matrix.withUnsafeBufferPointer { matrix in
        let run = unsafe byRows ? table.pointee.fold_rows : table.pointee.fold_columns
        unsafe run?(fold, type, matrix.baseAddress, rows, pitch, columns, accumulators.baseAddress)
      }
    }
    return true
  }

  /// Folds and writes all results.
  ///
  /// - Parameters:
  ///   - io: scratch buffer 0 must hold `outputCount` accumulators.
  ///   - function: what folds the elements.
  func run<F: ReductionFunction>(_ io: Operands, _ function: F) throws(OperatorError) {
    guard outputCount > 0 else { return }
    guard inputCount > 0 else {
      var results = io.output(0, as: F.Result.self)
      for i in results.indices { results[i] = function.finish(function.initial) }
      return
    }
    if innerIsFolded {
      if foldedCount == 0, F.fold != nil, foldedType(F.Element.self) != nil {
        return try foldRows(io, function)
      }
      try io.parallel(outer, grain: max(1, 16384 / max(1, repeats * inner))) { range in
        var results = io.output(0, as: F.Result.self, in: range)
        for (place, index) in range.enumerated() {
          let base = offset(kept, keptCount, index)
          var accumulator = function.initial
          if foldsAll { accumulator = function.seed(io.input(0, as: F.Element.self)[0]) }
          for turn in 0..<repeats {
            let start = base &+ offset(folded, foldedCount, turn)
            accumulator = function.foldRow(accumulator, io.input(0, as: F.Element.self, in: start..<start &+ inner))
          }
          results[place] = function.finish(accumulator)
        }
      }
      return
    }
    // The innermost dimension is kept: fold whole rows into a row of accumulators. Wide rows are cut, so that accumulators stay near.
    let width = min(inner, 2048)
    let cuts = (inner + width - 1) / width
    try io.parallel(outer * cuts, grain: max(1, 16384 / max(1, repeats * width))) { range in
      for item in range {
        let index = item / cuts
        let first = item % cuts * width
        let count = min(width, inner - first)
        let place = index * inner + first
        let base = offset(kept, keptCount, index) &+ first
        var accumulators = io.scratch(0, as: F.Accumulator.self, in: place..<place + count)
        for i in accumulators.indices { accumulators[i] = function.initial }
        if foldedCount != 1 || repeats == 1
          || !fold(
            F.self, io, byRows: false, at: base, rows: repeats, pitch: folded[0].stride, columns: count, &accumulators)
        {
          for turn in 0..<repeats {
            let start = base &+ offset(folded, foldedCount, turn)
            let row = io.input(0, as: F.Element.self, in: start..<start &+ count)
            precondition(row.count == accumulators.count)
            for i in row.indices { accumulators[i] = function.fold(accumulators[i], row[i]) }
          }
        }
        var results = io.output(0, as: F.Result.self, in: place..<place + count)
        function.finish(&accumulators, &results)
      }
    }
  }
}

extension Reduction {
  /// ``run(_:_:)`` for neighbouring rows that are folded.
  private func foldRows<F: ReductionFunction>(_ io: Operands, _ function: F) throws(OperatorError) {
    try io.parallel(outer, grain: max(1, 16384 / inner)) { range in
      var accumulators = io.scratch(0, as: F.Accumulator.self, in: range)
      let start = foldsAll ? function.seed(io.input(0, as: F.Element.self)[0]) : function.initial
      for i in accumulators.indices { accumulators[i] = start }
      _ = fold(
        F.self, io, byRows: true, at: range.lowerBound * inner, rows: range.count, pitch: inner, columns: inner,
        &accumulators)
      var results = io.output(0, as: F.Result.self, in: range)
      function.finish(&accumulators, &results)
    }
  }
}

/// The sum of a row of floats in sixteen interleaved partial sums.
@inline(__always)
func sumRow(_ start: Float, _ row: Span<Float>) -> Float {
  var sums = SIMD16<Float>(repeating: 0)
  let bytes = unsafe row.bytes
  let stride = MemoryLayout<SIMD16<Float>>.stride
  for vector in 0..<row.count / 16 {
    // Safety: the vector lies inside of the row, and any bytes are floats.
    sums += unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: vector &* stride, as: SIMD16<Float>.self)
  }
  var index = row.count & ~15
  let eight = sums.lowHalf + sums.highHalf
  let four = eight.lowHalf + eight.highHalf
  let two = four.lowHalf + four.highHalf
  var sum = start + (two.x + two.y)
  while index < row.count {
    sum += row[index]
    index += 1
  }
  return sum
}

/// What the reduction operators share: their operands and options.
package struct ReductionOperands: Sendable, Hashable {
  /// Whether folded dimensions stay, with size 1.
  package let keepsDimensions: Bool

  init(_ options: OperatorOptions) throws(OperatorError) {
    keepsDimensions = try options.bool(0)
  }

  /// The axes that input 1 names.
  static func axes(_ input: Shape, _ values: [Int]) throws(OperatorError) -> Set<Int> {
    var axes: Set<Int> = []
    for value in values {
      guard let axis = input.axis(value) else { throw .malformed("axis \(value) is outside rank \(input.rank)") }
      axes.insert(axis)
    }
    return axes
  }

  func shape(_ input: Shape, _ axes: Set<Int>) throws(OperatorError) -> Shape {
    var dimensions: [Int] = []
    for axis in 0..<input.rank {
      if !axes.contains(axis) {
        dimensions.append(input[axis])
      } else if keepsDimensions {
        dimensions.append(1)
      }
    }
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    return shape
  }

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectSameElement()
    guard try node.input(1).element == .int32 else { throw .malformed("the axes must be int32") }
    let input = try node.input(0).shape
    return [try shape(input, try Self.axes(input, try node.integers(1)))]
  }

  /// A kernel that runs a reduction whose axes may be known only when it runs.
  func kernel(
    _ node: NodeContext, accumulatorBytes: Int,
    _ run: @escaping @Sendable (Operands, Reduction) throws(OperatorError) -> Void
  ) throws(OperatorError) -> Kernel {
    let input = try node.input(0).shape
    let output = try node.output(0).shape
    let planned = try Kernel.planned(node, values: [1]) { values throws(OperatorError) in
      let axes = try Self.axes(input, values[0])
      guard try shape(input, axes) == output else { throw .invalidValue("the axes do not lead to shape \(output)") }
      return try Reduction(input, axes: axes)
    } run: { io, reduction throws(OperatorError) in
      try run(io, reduction)
    }
    return Kernel(scratch: [output.elementCount * accumulatorBytes], invoke: planned.invoke)
  }

  /// Checks that a reduction which compares quantised elements finds the same quantisation on both sides.
  static func expectSameQuantization(_ node: NodeContext) throws(OperatorError) {
    let input = try node.input(0)
    let output = try node.output(0)
    guard input.element == .int8 || input.element == .uint8 || input.element == .int16 else { return }
    guard input.quantization.scale == output.quantization.scale,
      input.quantization.zeroPoint == output.quantization.zeroPoint
    else { throw .malformed("input and output are quantised differently") }
  }

  /// The scales and zero points of a quantised sum or mean; an input without quantisation stands for zeros.
  static func quantization(_ node: NodeContext) throws(OperatorError) -> (
    inputScale: Float, inputZeroPoint: Int32, outputScale: Float, outputZeroPoint: Int32
  ) {
    let input = try node.affineInputOrZero(0)
    let output = try node.affineOutput()
    return (input.scale, input.zeroPoint, output.scale, output.zeroPoint)
  }
}
