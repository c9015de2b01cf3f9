internal import CKernels
internal import FlatBuffers
internal import TensorTypes

/// What becomes of the sums of an integer product.
enum IntegerResult: Sendable {
  /// Scaled in fixed point to the output's type.
  case fixedPoint(Requantization)
  /// Scaled in double precision to the output's type.
  case real(RealRequantization)
  /// Written as they are.
  case sums
  /// Scaled to floats, for activations that are quantised while the model runs.
  ///
  /// - `scales`: one weight scale per column, or one.
  /// - `perRow`: whether each row of the product has a scale of its own, instead of each image.
  case float(scales: [Float], asymmetric: Bool, perRow: Bool, range: ClosedRange<Float>)
}

extension IntegerResult {
  /// What scales the sums of each of `count` columns: floats for float results, doubles where sums are scaled in double precision.
  func channelScales(count: Int) throws(OperatorError) -> SharedBytes {
    switch self {
    case .float(let scales, _, _, _): try Self.expanded(scales, count: count)
    case .real(let requantization): try Self.expanded(requantization.factors, count: count)
    case .fixedPoint, .sums: try Self.expanded([Float](), count: 0)
    }
  }

  /// A scale for each column from one for each, or from one.
  private static func expanded<Scale: BitwiseCopyable>(_ scales: [Scale], count: Int) throws(OperatorError)
    -> SharedBytes
  {
    let bytes = count * MemoryLayout<Scale>.stride
    return try unsafe SharedBytes.make(count: bytes, failure: { _ in OperatorError.outOfMemory(bytes: bytes) }) {
      buffer throws(OperatorError) in
      let target = unsafe buffer.bindMemory(to: Scale.self)
      for i in 0..<count { unsafe target[i] = scales[scales.count == 1 ? 0 : i] }
    }
  }
}

extension tflk_type {
  /// The C kernels' name of `Int8`, `UInt8` or `Int16`.
  @inline(__always)
  init<T: FixedWidthInteger>(quantized _: T.Type) {
    self = T.self == Int8.self ? TFLK_INT8 : T.self == UInt8.self ? TFLK_UINT8 : TFLK_INT16
  }

  /// The C kernels' name of `int8`, `uint8` or `int16`.
  init(quantized element: ElementType) {
    self = element == .int8 ? TFLK_INT8 : element == .uint8 ? TFLK_UINT8 : TFLK_INT16
  }
}

/// What the kernels make of sums: an ``IntegerResult`` as they take it.
@safe struct IntegerTarget: Sendable {
  /// Everything that is known before the model runs.
  nonisolated(unsafe) private let prototype: tflk_quantized_output
  private let isFloat: Bool
  private let isAsymmetric: Bool
  private let hasScalePerRow: Bool
  private let bias: Int?
  /// What the prototype points to.
  private let channelScales: SharedBytes

  /// - Parameters:
  ///   - output: the output's element type.
  ///   - columns: the columns of all groups.
  ///   - bias: the input with the bias, for float results.
  ///   - sums: the type of the sums, when they are written as they are.
  init(_ result: IntegerResult, output: ElementType, columns: Int, bias: Int?, sums: tflk_type? = nil)
    throws(OperatorError)
  {
    channelScales = try result.channelScales(count: columns)
    self.bias = bias
    var target = unsafe tflk_quantized_output()
    unsafe target.type = tflk_type(quantized: output)
    var (isFloat, isAsymmetric, hasScalePerRow) = (false, false, false)
    switch result {
    case .fixedPoint(let requantization):
      unsafe target.output_zero_point = requantization.zeroPoint
      unsafe target.activation_min = requantization.minimum
      unsafe target.activation_max = requantization.maximum
    case .real(let requantization):
      unsafe target.output_zero_point = requantization.zeroPoint
      unsafe target.activation_min = requantization.minimum
      unsafe target.activation_max = requantization.maximum
      unsafe target.real_scale = channelScales.baseAddress.assumingMemoryBound(to: Double.self)
    case .sums: unsafe target.type = TFLK_INT32
    case .float(_, let asymmetric, let perRow, let range):
      (isFloat, isAsymmetric, hasScalePerRow) = (true, asymmetric, perRow)
      unsafe target.type = TFLK_FLOAT32
      unsafe target.channel_scale = channelScales.baseAddress.assumingMemoryBound(to: Float.self)
      unsafe target.clamp_min = range.lowerBound
      unsafe target.clamp_max = range.upperBound
    }
    if let sums { unsafe target.type = sums }
    unsafe prototype = target
    (self.isFloat, self.isAsymmetric, self.hasScalePerRow) = (isFloat, isAsymmetric, hasScalePerRow)
  }

  /// The target of an invocation, except where it writes. Scales and zero points of rows are those of scratch 1 and 2.
  ///
  /// - Parameters:
  ///   - firstColumn: the first of the columns, counted through all groups.
  ///   - firstRow: the first of the rows, which does not share its scale with the one before unless that is the only scale.
  ///   - rowsPerScale: rows of the product that share a scale, unless each has its own.
  func callAsFunction(_ io: Operands, firstColumn: Int, firstRow: Int = 0, rowsPerScale: Int) -> tflk_quantized_output {
    var target = unsafe prototype
    if let scales = unsafe target.real_scale { unsafe target.real_scale = scales + firstColumn }
    guard isFloat else { return unsafe target }
    let rowsPerScale = hasScalePerRow ? 1 : rowsPerScale
    let firstScale = firstRow / rowsPerScale
    if let scales = unsafe io.scratchBytes(1).bindMemory(to: Float.self).baseAddress {
      unsafe target.row_scale = UnsafePointer(scales + firstScale)
    }
    if isAsymmetric, let zeroPoints = unsafe io.scratchBytes(2).bindMemory(to: Int32.self).baseAddress {
      unsafe target.row_zero_point = UnsafePointer(zeroPoints + firstScale)
    }
    unsafe target.rows_per_scale = rowsPerScale
    if let scales = unsafe target.channel_scale { unsafe target.channel_scale = scales + firstColumn }
    if let bias, let values = unsafe io.inputBytes(bias).bindMemory(to: Float.self).baseAddress {
      unsafe target.bias = UnsafePointer(values) + firstColumn
    }
    return unsafe target
  }
}
