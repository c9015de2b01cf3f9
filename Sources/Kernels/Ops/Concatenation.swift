internal import Glibc
public import TensorTypes

/// `CONCATENATION`: joins any number of tensors along one axis.
///
/// Any element type of fixed width. `uint8` inputs whose scale or zero point differ from the output's are requantised; other quantised
/// types must have the output's parameters.
public struct Concatenation: Operator {
  public static let definition = OperatorDefinition(.concatenation, versions: 1...7, options: 10)

  /// The axis, counted from the end when negative.
  package let axis: Int
  package let activation: FusedActivation

  public init(options: OperatorOptions) throws(OperatorError) {
    axis = Int(try options.int32(0))
    activation = try FusedActivation(options, slot: 1)
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    guard !node.inputs.isEmpty else { throw .malformed("takes at least one input") }
    try node.expect(inputs: 1...Int.max)
    guard activation == .none else {
      throw .unsupported("the fused activation \(activation); NONE is supported")
    }
    let first = try node.input(0).shape
    guard let axis = first.axis(axis) else { throw .malformed("axis \(axis) is outside rank \(first.rank)") }
    var total = 0
    let result = try node.output(0)
    for index in node.inputs.indices {
      try node.expectFixedWidth(index)
      try node.expectSameElement(index)
      let input = try node.input(index)
      guard input.shape.rank == first.rank,
        (0..<first.rank).allSatisfy({ $0 == axis || input.shape[$0] == first[$0] })
      else { throw .malformed("\(input.shape) cannot be joined to \(first) along axis \(axis)") }
      if input.element == .int8 || input.element == .int16 {
        guard input.quantization.scale == result.quantization.scale,
          input.quantization.zeroPoint == result.quantization.zeroPoint
        else { throw .malformed("input \(index) is quantised differently from the output") }
      }
      total += input.shape[axis]
    }
    var dimensions = first.dimensions
    dimensions[axis] = total
    guard let shape = Shape(dimensions) else { throw .malformed("shape \(dimensions) is not valid") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let result = try node.output(0)
    let output = result.shape
    guard let axis = output.axis(axis) else { throw .malformed("axis \(axis) is outside rank \(output.rank)") }
    let outer = output.elementCount == 0 ? 0 : output.product(0..<axis)
    let inner = output.elementCount == 0 ? 0 : output.product(axis + 1..<output.rank)
    let rowLength = output.elementCount == 0 ? 0 : output[axis] * inner
    var copies: [Part] = []
    var start = 0
    for index in node.inputs.indices {
      let input = try node.input(index)
      let length = output.elementCount == 0 ? 0 : input.shape[axis] * inner
      if result.element == .uint8, let scale = result.quantization.scale, let from = input.quantization.scale,
        let zeroPoint = result.quantization.zeroPoint, let fromZeroPoint = input.quantization.zeroPoint,
        scale != from || zeroPoint != fromZeroPoint
      {
        let table = Self.requantization(from, fromZeroPoint, to: scale, zeroPoint)
        copies.append(.requantised(table, rows: outer, length: length, start: start, rowLength: rowLength))
      } else {
        copies.append(.copied(try Self.copy(input, into: output, axis: axis, start: start)))
      }
      start += length
    }
    if let plain = Part.plain(copies) { return plain.kernel }
    return Kernel { [copies] io throws(OperatorError) in
      for index in copies.indices { try copies[index].run(io, input: index) }
    }
  }

  /// The copy of an input to its place.
  ///
  /// - Parameter start: elements before it in each row of the output, which begins with `axis`.
  static func copy(_ input: TensorType, into output: Shape, axis: Int, start: Int) throws(OperatorError) -> StridedCopy
  {
    let isEmpty = output.elementCount == 0
    let outer = isEmpty ? 0 : output.product(0..<axis)
    let inner = isEmpty ? 0 : output.product(axis + 1..<output.rank)
    let length = isEmpty ? 0 : input.shape[axis] * inner
    return try StridedCopy(
      [.init(outer, source: length, target: output[axis] * inner), .init(length, source: 1, target: 1)],
      targetOffset: start, element: input.element, sourceCount: input.shape.elementCount,
      targetCount: output.elementCount)
  }

  /// How one input gets into the output.
  private enum Part: Sendable {
    case copied(StridedCopy)
    case requantised([UInt8], rows: Int, length: Int, start: Int, rowLength: Int)

    /// The copies, where nothing is requantised.
    static func plain(_ parts: [Part]) -> OperandCopies? {
      var copies = OperandCopies()
      for (index, part) in parts.enumerated() {
        guard case .copied(let copy) = part else { return nil }
        copies.append(copy, input: index)
      }
      return copies
    }

    func run(_ io: Operands, input: Int) throws(OperatorError) {
      switch self {
      case .copied(let copy): try copy.run(io, input: input)
      case .requantised(let table, let rows, let length, let start, let rowLength):
        try io.parallel(rows, grain: max(1, 16384 / max(length, 1))) { range in
          for row in range {
            let x = io.input(input, as: UInt8.self, in: row * length..<(row + 1) * length)
            var y = io.output(
              0, as: UInt8.self, in: row * rowLength + start..<row * rowLength + start + length)
            let values = table.span
            precondition(x.count == y.count)
            for i in x.indices { y[i] = values[Int(x[i])] }
          }
        }
      }
    }
  }

  private static func requantization(_ scale: Float, _ zeroPoint: Int, to target: Float, _ targetZeroPoint: Int)
    -> [UInt8]
  {
    let factor = scale * (1 / target)
    let bias = -Float(zeroPoint) * factor
    return (0...255).map { value -> UInt8 in
      let scaled = (Float(value) * factor + bias).rounded(.toNearestOrAwayFromZero)
      let limited = scaled.isNaN ? 0 : min(max(Double(scaled) + Double(targetZeroPoint), 0), 255)
      return UInt8(limited)
    }
  }
}
