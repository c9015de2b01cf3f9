internal import Glibc
public import TensorTypes

/// `TILE`: the input repeated along each dimension as often as input 1 (`int32` or `int64`) says.
///
/// Any element type of fixed width.
public struct Tile: Operator {
  public static let definition = OperatorDefinition(.tile, versions: 1...3, options: 51)

  public init(options: OperatorOptions) {}

  private static func shape(_ input: Shape, _ multiples: [Int]) throws(OperatorError) -> Shape {
    guard multiples.count == input.rank else {
      throw .malformed("\(multiples.count) multiples for an input of rank \(input.rank)")
    }
    var dimensions: [Int] = []
    for (dimension, multiple) in zip(input.dimensions, multiples) {
      let (size, overflow) = dimension.multipliedReportingOverflow(by: multiple)
      guard multiple >= 0, !overflow else { throw .malformed("multiples \(multiples) are not valid") }
      dimensions.append(size)
    }
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    return shape
  }

  public var movedInput: Int? { 0 }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectFixedWidth()
    try node.expectSameElement()
    try node.expectIndices(1)
    return [try Self.shape(try node.input(0).shape, try node.integers(1))]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0)
    let output = try node.output(0).shape
    return try .planned(node, values: [1]) { values throws(OperatorError) -> TiledCopy in
      guard try Self.shape(input.shape, values[0]) == output else {
        throw .invalidValue("multiples \(values[0]) do not lead to shape \(output)")
      }
      return try TiledCopy(input.shape, multiples: values[0], output: output, element: input.element)
    } run: { io, copy throws(OperatorError) in
      try copy.run(io)
    }
  }
}

/// A tensor repeated along its dimensions: whole blocks where elements are whole bytes, else element by element.
private enum TiledCopy: Sendable {
  case blocks(BlockTiling)
  case elements(StridedCopy)

  init(_ input: Shape, multiples: [Int], output: Shape, element: ElementType) throws(OperatorError) {
    if element.bitWidth % 8 == 0, let tiling = BlockTiling(input, multiples, output, bytes: element.bitWidth / 8) {
      self = .blocks(tiling)
      return
    }
    let from = input.strides
    let to = output.strides
    var box: [StridedCopy.Dimension] = []
    for axis in 0..<output.rank {
      let size = input[axis]
      box.append(.init(multiples[axis], source: 0, target: to[axis] * size))
      box.append(.init(size, source: from[axis], target: to[axis]))
    }
    self = .elements(
      try StridedCopy(box, element: element, sourceCount: input.elementCount, targetCount: output.elementCount))
  }

  func run(_ io: Operands) throws(OperatorError) {
    switch self {
    case .blocks(let tiling): try tiling.run(io)
    case .elements(let copy): try copy.run(io)
    }
  }
}

/// Blocks that are copied once from the input and then from the output itself, from the innermost dimension outwards.
private struct BlockTiling: Sendable {
  /// A dimension whose blocks of the next ones are repeated together.
  struct Level: Sendable {
    var size: Int
    var multiple: Int
    /// Bytes of the input and of the output, before it is repeated, that one of `size` positions has.
    var source = 0
    var target = 0
  }

  private var levels: [Level] = []
  private let inputBytes: Int
  private let outputBytes: Int

  /// Nil where the tensors are too large.
  init?(_ input: Shape, _ multiples: [Int], _ output: Shape, bytes: Int) {
    let (inputBytes, isInputLarge) = input.elementCount.multipliedReportingOverflow(by: bytes)
    let (outputBytes, isOutputLarge) = output.elementCount.multipliedReportingOverflow(by: bytes)
    guard !isInputLarge, !isOutputLarge else { return nil }
    self.inputBytes = inputBytes
    self.outputBytes = outputBytes
    guard outputBytes > 0 else { return }
    for axis in 0..<input.rank {
      // What is not repeated joins the dimension around it.
      if multiples[axis] == 1, let last = levels.indices.last {
        levels[last].size *= input[axis]
      } else {
        levels.append(Level(size: input[axis], multiple: multiples[axis]))
      }
    }
    if levels.isEmpty { levels = [Level(size: 1, multiple: 1)] }
    var (source, target) = (bytes, bytes)
    for index in levels.indices.reversed() {
      levels[index].source = source
      levels[index].target = target
      source *= levels[index].size
      target *= levels[index].size * levels[index].multiple
    }
  }

  func run(_ io: Operands) throws(OperatorError) {
    guard outputBytes > 0 else { return }
    guard unsafe io.inputBytes(0).count >= inputBytes, unsafe io.outputBytes(0).count >= outputBytes else {
      throw .malformed("an operand is smaller than its shape")
    }
    let first = levels[0]
    // Safety: each level's blocks lie inside of those of the level around it, and the first level's are input and output.
    try io.parallel(first.size, grain: max(1, (1 << 16) / first.target)) { range in
      guard let source = unsafe io.inputBytes(0).baseAddress, let target = unsafe io.outputBytes(0).baseAddress else {
        return
      }
      if levels.count == 1 {
        unsafe memcpy(
          target + range.lowerBound * first.target, source + range.lowerBound * first.source,
          range.count * first.source)
        return
      }
      for index in range { unsafe fill(1, source + index &* first.source, target + index &* first.target) }
    }
    let block = first.size * first.target
    try io.parallel(first.multiple - 1, grain: max(1, (1 << 16) / block)) { range in
      guard let target = unsafe io.outputBytes(0).baseAddress else { return }
      unsafe repeatBlock(target, target + (range.lowerBound + 1) * block, bytes: block, times: range.count)
    }
  }

  private func fill(_ number: Int, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
    let level = levels[number]
    let block = level.size &* level.target
    if number == levels.count - 1 {
      unsafe memcpy(target, source, block)
    } else {
      for index in 0..<level.size {
        unsafe fill(number + 1, source + index &* level.source, target + index &* level.target)
      }
    }
    unsafe repeatBlock(target, target + block, bytes: block, times: level.multiple - 1)
  }

  /// Copies a block to so many places one after the other, which follow on it or on a copy of it.
  private func repeatBlock(
    _ block: UnsafeMutableRawPointer, _ target: UnsafeMutableRawPointer, bytes: Int, times: Int
  ) {
    guard times > 0 else { return }
    if bytes == 1 {
      unsafe memset(target, Int32(block.load(as: UInt8.self)), times)
      return
    }
    unsafe memcpy(target, block, bytes)
    var done = 1
    while done < times {
      // What is there already is copied as one, as long as it stays in a near cache.
      let count = min(done, times - done, max(1, (1 << 14) / bytes))
      unsafe memcpy(target + done &* bytes, target, count &* bytes)
      done += count
    }
  }
}
