internal import TensorTypes

/// The scale and zero point of a tensor that is quantised as a whole.
struct AffineParameters: Sendable, Hashable {
  /// Finite and above 0; 0 only where ``NodeContext/affineInputOrZero(_:)`` or ``NodeContext/affineOutputOrZero()`` answered it.
  let scale: Float
  /// Inside the range of the tensor's element type.
  let zeroPoint: Int32
}

extension TensorType {
  /// The tensor's scale and zero point.
  ///
  /// - Parameter name: how an error calls the tensor, such as `input 0`.
  /// - Throws: `malformed` when it has none or they are out of range, `unsupported` when it has several.
  func affineParameters(_ name: String) throws(OperatorError) -> AffineParameters {
    let scale: Float
    let zeroPoint: Int
    switch quantization {
    case .perTensor(let tensorScale, let tensorZeroPoint):
      scale = tensorScale
      zeroPoint = tensorZeroPoint
    case .perChannel(let scales, let zeroPoints, _) where scales.count == 1 && zeroPoints.count == 1:
      scale = scales[0]
      zeroPoint = zeroPoints[0]
    case .perChannel, .blockwise:
      throw .unsupported("\(name) is quantised per channel or block; one scale for the tensor is supported")
    case .none:
      throw .malformed("\(name) of type \(element) has no quantisation")
    }
    return try Self.checkedParameters(scale: scale, zeroPoint: zeroPoint, element, name)
  }

  /// Checks one scale and zero point for elements of a type.
  static func checkedParameters(
    scale: Float, zeroPoint: Int, _ element: ElementType, _ name: String
  ) throws(OperatorError) -> AffineParameters {
    guard scale.isFinite, scale > 0 else { throw .malformed("\(name) has the scale \(scale)") }
    let range: ClosedRange<Int>
    switch element {
    case .int2: range = -2...1
    case .int4: range = -8...7
    case .uint4: range = 0...15
    case .int8: range = -128...127
    case .uint8: range = 0...255
    case .int16: range = -32768...32767
    case .uint16: range = 0...65535
    default: range = Int(Int32.min)...Int(Int32.max)
    }
    guard range.contains(zeroPoint) else {
      throw .malformed("\(name) has the zero point \(zeroPoint), outside the range of \(element)")
    }
    return AffineParameters(scale: scale, zeroPoint: Int32(zeroPoint))
  }
}

extension NodeContext {
  /// The output shape of an operator that computes each output element from the input element at the same place.
  ///
  /// - Parameter output: the output's element type; nil when it is the input's.
  func unaryShape(output: ElementType? = nil) throws(OperatorError) -> [Shape] {
    try expect(inputs: 1)
    let type = try input(0)
    try expectOutput(output ?? type.element)
    return [type.shape]
  }

  /// The broadcast of two inputs of one element type.
  ///
  /// - Parameter output: the output's element type; nil when it is the inputs'.
  func binaryBroadcast(output: ElementType? = nil) throws(OperatorError) -> Broadcast {
    try expect(inputs: 2)
    let left = try input(0)
    let right = try input(1)
    guard left.element == right.element else {
      throw .malformed("inputs are \(left.element) and \(right.element); both must be the same")
    }
    try expectOutput(output ?? left.element)
    return try Broadcast(left.shape, right.shape)
  }

  /// The plan for two inputs that have one shape, and one element type with the output.
  func binaryOfOneShape() throws(OperatorError) -> Broadcast {
    try expect(inputs: 2)
    let left = try input(0).shape
    let right = try input(1).shape
    guard left == right else { throw .malformed("inputs have the shapes \(left) and \(right); both must be the same") }
    return try binaryBroadcast()
  }

  /// Checks the element type of output 0.
  func expectOutput(_ element: ElementType) throws(OperatorError) {
    let declared = try output(0).element
    guard declared == element else { throw .malformed("the output is \(declared); it must be \(element)") }
  }

  /// Scale and zero point of an input.
  func affineInput(_ index: Int) throws(OperatorError) -> AffineParameters {
    try input(index).affineParameters("input \(index)")
  }

  /// Scale and zero point of an input, both 0 where it has no quantisation: all its integers then stand for 0, as in TFLite's kernels.
  func affineInputOrZero(_ index: Int) throws(OperatorError) -> AffineParameters {
    if try input(index).quantization == .none { return AffineParameters(scale: 0, zeroPoint: 0) }
    return try affineInput(index)
  }

  /// Scale and zero point of output 0, both 0 where it has no quantisation.
  func affineOutputOrZero() throws(OperatorError) -> AffineParameters {
    if try output(0).quantization == .none { return AffineParameters(scale: 0, zeroPoint: 0) }
    return try affineOutput()
  }

  /// Scale and zero point of output 0.
  func affineOutput() throws(OperatorError) -> AffineParameters {
    try output(0).affineParameters("the output")
  }

  /// Checks that 16-bit operands have the zero point 0.
  func expectSymmetric(_ parameters: AffineParameters...) throws(OperatorError) {
    guard parameters.allSatisfy({ $0.zeroPoint == 0 }) else {
      throw .malformed("int16 operands must have the zero point 0")
    }
  }
}

extension FusedActivation {
  /// The interval that the reference kernels clamp real results to. Without an activation it spans the finite
  /// numbers, so infinities become the largest finite ones; NaN passes.
  func finiteRange<T: BinaryFloatingPoint>(_: T.Type) throws(OperatorError) -> ClosedRange<T> {
    let range = try floatRange()
    let limit = T.greatestFiniteMagnitude
    return
      (range.lowerBound.isFinite ? T(range.lowerBound) : -limit)...(range.upperBound.isFinite
      ? T(range.upperBound) : limit)
  }

  /// The interval that results of integer arithmetic are clamped to.
  func integerRange<T: FixedWidthInteger>(_: T.Type) throws(OperatorError) -> ClosedRange<T> {
    let range = try floatRange()
    return
      (range.lowerBound.isFinite ? T(clamping: Int(range.lowerBound)) : T.min)...(range.upperBound.isFinite
      ? T(clamping: Int(range.upperBound)) : T.max)
  }
}

/// The value inside an interval, NaN unchanged.
@inline(__always)
func clamped<T: Comparable>(_ value: T, _ low: T, _ high: T) -> T {
  let raised = value < low ? low : value
  return high < raised ? high : raised
}
