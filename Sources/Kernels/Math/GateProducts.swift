internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// The products of the same rows with the weights of each gate of a recurrent cell, or with a single matrix.
///
/// The weights are inputs of shape `[units, depth]`: `float32`, or bytes that are read as `int8`. Constant ones are packed for the C kernels.
/// The product of gate `g`, row `r` and unit `u` is the sum over `k` of `row[r][k] * weights[g][u][k]`, as a float or as an exact `Int32`
/// (modulo 2^32).
@safe struct GateProducts: Sendable {
  private enum Form: Sendable {
    case float(FloatPacking, [SharedBytes])
    case integer(IntegerPacking, [SharedBytes])
    case plain
  }

  let units: Int
  let depth: Int
  let isInteger: Bool
  /// The inputs with the weights.
  private let weights: [Int]
  private let form: Form
  /// The sum of each row of constant integer weights, `[gate][unit]`.
  private let constantRowSums: SharedBytes?
  private let threads: Int

  var gateCount: Int { weights.count }

  init(_ node: NodeContext, weights: [Int], isInteger: Bool) throws(OperatorError) {
    self.weights = weights
    self.isInteger = isInteger
    threads = node.threads
    let shape = try node.input(weights[0]).shape
    units = shape[0]
    depth = shape[1]
    let isConstant = weights.allSatisfy { node.constant($0) != nil }
    constantRowSums = isInteger && isConstant ? try Self.rowSums(node, weights, units: units, depth: depth) : nil
    guard isConstant, units > 0, depth > 0, let kernels = Microkernels.current else {
      form = .plain
      return
    }
    var packed: [SharedBytes] = []
    if isInteger {
      let packing = IntegerPacking(
        kernels: kernels, geometry: tflk_gemm_geometry(1, units, depth, depth, units), groups: 1,
        format: tflk_quantized_format(
          input: TFLK_INT8, weights: TFLK_INT8, inputZeroPoint: 0, weightZeroPoint: 0, result: .sums, element: .int32),
        isWide: false, sumsIn32Bits: true, multipliers: [], factors: try IntegerPacking.factors([], count: 0),
        isTransposed: false)
      for index in weights {
        if let bytes = try packing.packed(node, weights: index, bias: nil) { packed.append(bytes) }
      }
      form = packed.count == weights.count ? .integer(packing, packed) : .plain
    } else {
      let packing = FloatPacking(kernels: kernels, groups: 1, columns: units, depth: depth)
      for index in weights {
        if let bytes = try packing.packed(node, weights: index, bias: nil) { packed.append(bytes) }
      }
      form = packed.count == weights.count ? .float(packing, packed) : .plain
    }
  }

  // MARK: Sums of weights

  /// Bytes of scratch for ``prepareRowSums(_:scratch:)``; 0 when the weights are constant.
  var rowSumBytes: Int { isInteger && constantRowSums == nil ? gateCount * units * 4 : 0 }

  /// Sums the rows of weights that are computed, at the start of an invocation.
  func prepareRowSums(_ io: Operands, scratch: OperandPlace) {
    guard rowSumBytes > 0, case .scratch(let index) = scratch.operand else { return }
    let first = scratch.offset / 4
    var sums = io.scratch(index, as: Int32.self, in: first..<first + gateCount * units)
    for (gate, input) in weights.enumerated() {
      let w = io.input(input, as: Int8.self)
      for unit in 0..<units {
        sums[gate * units + unit] = Self.sum(w.extracting(unit * depth..<(unit + 1) * depth))
      }
    }
  }

  /// Calls `body` with the sum of the weights of each unit of a gate.
  @inline(__always)
  func withRowSums(_ io: Operands, gate: Int, scratch: OperandPlace, _ body: (Span<Int32>) -> Void) {
    let range = gate * units..<(gate + 1) * units
    if let constantRowSums {
      // Safety: the memory holds an Int32 for each gate and unit, and lives as long as this value.
      let all = unsafe Span<Int32>(
        _unsafeStart: constantRowSums.baseAddress.assumingMemoryBound(to: Int32.self), count: constantRowSums.count / 4)
      body(all.extracting(range))
    } else {
      body(io.elements(scratch, as: Int32.self, range))
    }
  }

  private static func rowSums(
    _ node: NodeContext, _ weights: [Int], units: Int, depth: Int
  ) throws(OperatorError) -> SharedBytes {
    let bytes = weights.count * units * 4
    return try node.packed("row sums \(units) \(depth)", of: weights) { () throws(OperatorError) -> SharedBytes in
      try unsafe SharedBytes.make(count: bytes, failure: { _ in OperatorError.outOfMemory(bytes: bytes) }) {
        buffer throws(OperatorError) in
        let target = unsafe buffer.bindMemory(to: Int32.self)
        for (gate, input) in weights.enumerated() {
          guard let constant = node.constant(input)?.bytes, constant.count >= units * depth else {
            throw .malformed("the constant weights of input \(input) have too few bytes")
          }
          let all = unsafe Span<Int8>(
            _unsafeStart: constant.baseAddress.assumingMemoryBound(to: Int8.self), count: units * depth)
          for unit in 0..<units {
            unsafe target[gate * units + unit] = sum(all.extracting(unit * depth..<(unit + 1) * depth))
          }
        }
      }
    }
  }

  private static func sum(_ values: Span<Int8>) -> Int32 {
    var sum: Int32 = 0
    for i in values.indices { sum &+= Int32(values[i]) }
    return sum
  }

  // MARK: Products

  /// Bytes of scratch that ``multiply(_:rows:source:target:gateStride:workspace:)`` needs for up to `rows` rows.
  func workspaceBytes(rows: Int) -> Int {
    switch form {
    case .plain: return 0
    case .float(let packing, _):
      return threads * floatWorkspaceBytes(packing, geometry(rows: rows))
    case .integer(let packing, _):
      return unsafe withUnsafePointer(to: geometry(rows: rows)) {
        unsafe aligned(packing.kernels.table.pointee.int8_prepared_bytes($0))
      }
    }
  }

  /// For one thread.
  private func floatWorkspaceBytes(_ packing: FloatPacking, _ geometry: tflk_conv_geometry) -> Int {
    unsafe withUnsafePointer(to: geometry) { unsafe aligned(packing.kernels.table.pointee.f32_scratch_bytes($0)) }
  }

  private func geometry(rows: Int) -> tflk_conv_geometry {
    tflk_gemm_geometry(max(rows, 1), units, depth, depth, units)
  }

  /// Multiplies `rows` rows of `depth` elements.
  ///
  /// - Parameters:
  ///   - source: the first row: `Float` or `Int8`.
  ///   - target: the product of gate 0, row 0, unit 0: `Float` or `Int32`; rows are `units` elements apart.
  ///   - gateStride: elements from one gate's products to the next's.
  ///   - workspace: a scratch buffer of ``workspaceBytes(rows:)``.
  /// - Throws: `cancelled` or `deadlineExceeded`.
  func multiply(
    _ io: Operands, rows: Int, source: OperandPlace, target: OperandPlace, gateStride: Int, workspace: Int
  ) throws(OperatorError) {
    guard rows > 0, units > 0 else { return }
    switch form {
    case .plain: try multiplyPlainly(io, rows: rows, source: source, target: target, gateStride: gateStride)
    case .float(let packing, let packed):
      let geometry = geometry(rows: rows)
      let workerBytes = floatWorkspaceBytes(packing, geometry)
      try forEachBlock(
        io, rows: rows, columnTiles: packing.columnTiles, panelBytes: packing.groupBytes / packing.columnTiles,
        operations: depth * packing.tileColumns, rowMultiple: unsafe packing.kernels.table.pointee.f32_tile_rows,
        rate: packing.kernels.floatRate
      ) { gate, rows, tiles, worker in
        guard let x = unsafe io.address(source), let y = unsafe io.address(target),
          let scratch = unsafe io.scratchBytes(workspace).baseAddress
        else { return }
        // Safety: sizes were checked against the operands' shapes in `infer`, and scratch was asked for accordingly.
        unsafe withUnsafePointer(to: geometry) {
          unsafe packing.kernels.table.pointee.f32_conv(
            $0, x.assumingMemoryBound(to: Float.self), nil, packed[gate].baseAddress,
            y.assumingMemoryBound(to: Float.self) + gate * gateStride, rows.lowerBound, rows.upperBound,
            tiles.lowerBound, tiles.upperBound, -Float.infinity, Float.infinity, scratch + worker * workerBytes)
        }
      }
    case .integer(let packing, let packed):
      let geometry = geometry(rows: rows)
      let pixels = unsafe withUnsafePointer(to: geometry) {
        unsafe packing.kernels.table.pointee.int8_prepared_pixels($0)
      }
      try io.forEachTile(of: max(1, (256 << 10) / depth), in: pixels) { range in
        guard let x = unsafe io.address(source), let prepared = unsafe io.scratchBytes(workspace).baseAddress else {
          return
        }
        unsafe withUnsafePointer(to: geometry) { geometry in
          unsafe withUnsafePointer(to: packing.format) {
            unsafe packing.kernels.table.pointee.int8_prepare(
              geometry, $0, x, nil, prepared, range.lowerBound, range.upperBound)
          }
        }
      }
      try forEachBlock(
        io, rows: rows, columnTiles: packing.columnTiles, panelBytes: packing.groupBytes / packing.columnTiles,
        operations: depth * packing.tileColumns, rowMultiple: unsafe packing.kernels.table.pointee.int8_tile_rows,
        rate: packing.kernels.integerRate
      ) { gate, rows, tiles, _ in
        guard let y = unsafe io.address(target), let prepared = unsafe io.scratchBytes(workspace).baseAddress else {
          return
        }
        var output = unsafe tflk_quantized_output()
        unsafe output.type = TFLK_INT32
        unsafe output.data = y + 4 * gate * gateStride
        unsafe withUnsafePointer(to: geometry) { geometry in
          unsafe withUnsafePointer(to: packing.format) {
            unsafe packing.kernels.table.pointee.int8_conv(
              geometry, $0, prepared, packed[gate].baseAddress, &output, rows.lowerBound, rows.upperBound,
              tiles.lowerBound, tiles.upperBound)
          }
        }
      }
    }
  }

  /// Divides the products of all gates over the threads, when there is enough to do.
  @inline(__always)
  private func forEachBlock(
    _ io: Operands, rows: Int, columnTiles: Int, panelBytes: Int, operations: Int, rowMultiple: Int, rate: Int,
    _ body: @Sendable (_ gate: Int, _ rows: Range<Int>, _ tiles: Range<Int>, _ worker: Int) -> Void
  ) throws(OperatorError) {
    let total = Double(rows) * Double(columnTiles) * Double(operations) * Double(gateCount)
    // A single row is limited by memory more than by arithmetic.
    let microseconds = total / Double(rate) * (rows < 4 ? 4 : 1)
    if microseconds < (threads == 1 ? 100 : 40) {
      for gate in 0..<gateCount { body(gate, 0..<rows, 0..<columnTiles, 0) }
      return
    }
    let tiling = ProductTiling(
      rows: rows, columnTiles: columnTiles, panelBytes: panelBytes, operations: operations, rowMultiple: rowMultiple,
      rate: rows < 4 ? rate / 4 : rate, threads: threads)
    try io.forEachTile(gateCount * tiling.count, workers: threads) { index, worker in
      let (rows, tiles) = tiling.item(index % tiling.count)
      body(index / tiling.count, rows, tiles, worker)
    }
  }

  /// The same by direct loops, for weights that are computed or have no elements.
  private func multiplyPlainly(
    _ io: Operands, rows: Int, source: OperandPlace, target: OperandPlace, gateStride: Int
  ) throws(OperatorError) {
    guard case .scratch(let scratch) = target.operand else { return }
    let (units, depth, isInteger) = (units, depth, isInteger)
    for (gate, input) in weights.enumerated() {
      let first = target.offset / 4 + gate * gateStride
      let tile = tileSize(of: rows * units, operations: depth, picoseconds: 500)
      try io.forEachTile(of: tile, in: rows * units) { range in
        if isInteger {
          var y = io.scratch(scratch, as: Int32.self, in: first + range.lowerBound..<first + range.upperBound)
          let w = io.input(input, as: Int8.self)
          for index in range {
            let (row, unit) = (index / units, index % units)
            let x = io.elements(source, as: Int8.self, row * depth..<(row + 1) * depth)
            y[index - range.lowerBound] = Self.product(x, w.extracting(unit * depth..<(unit + 1) * depth))
          }
        } else {
          var y = io.scratch(scratch, as: Float.self, in: first + range.lowerBound..<first + range.upperBound)
          let w = io.input(input, as: Float.self)
          for index in range {
            let (row, unit) = (index / units, index % units)
            let x = io.elements(source, as: Float.self, row * depth..<(row + 1) * depth)
            y[index - range.lowerBound] = Self.product(x, w.extracting(unit * depth..<(unit + 1) * depth))
          }
        }
      }
    }
  }

  private static func product(_ a: Span<Int8>, _ b: Span<Int8>) -> Int32 {
    precondition(a.count == b.count)
    var sum: Int32 = 0
    for i in a.indices { sum &+= Int32(a[i]) &* Int32(b[i]) }
    return sum
  }

  private static func product(_ a: Span<Float>, _ b: Span<Float>) -> Float {
    precondition(a.count == b.count)
    var sum: Float = 0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }
}
