public import TensorTypes

/// `STABLEHLO_SHIFT_LEFT`: the elements of input 0 shifted left by those of input 1, of which the lowest five bits count. What leaves the
/// element is lost.
///
/// Inputs and output have one element type, `int8`, `int16` or `int32`. Input 1 has at least as many elements as input 0, which gives the
/// shape; it is read in order, whatever its shape.
public struct StablehloShiftLeft: Operator {
  public static let definition = OperatorDefinition(.stablehloShiftLeft, versions: 1...1, options2: 22)

  public init(options: OperatorOptions) {}

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? {
    inputs.first.flatMap { $0 }.map { [$0.element] }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    let values = try node.input(0)
    let distances = try node.input(1)
    try node.expectOutput(values.element)
    guard values.element == distances.element else {
      throw .malformed("inputs are \(values.element) and \(distances.element); both must be the same")
    }
    guard distances.shape.elementCount >= values.shape.elementCount else {
      throw .malformed("\(distances) has fewer elements than \(values)")
    }
    return [values.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let type = try node.input(0)
    guard let flat = Shape([type.shape.elementCount]) else { throw .unsupported("a tensor of shape \(type.shape)") }
    let broadcast = try Broadcast(flat, flat)
    switch type.element {
    case .int8: return Shift<Int8>().kernel(broadcast)
    case .int16: return Shift<Int16>().kernel(broadcast)
    case .int32: return Shift<Int32>().kernel(broadcast)
    case let other: throw .unsupported("\(other) inputs; int8, int16 and int32 are supported")
    }
  }

  private struct Shift<T: FixedWidthInteger & BitwiseCopyable & Sendable>: BinaryElementFunction {
    @inline(__always) func apply(_ a: T, _ b: T) -> T {
      T(truncatingIfNeeded: Int32(truncatingIfNeeded: a) &<< Int32(truncatingIfNeeded: b))
    }
  }
}
