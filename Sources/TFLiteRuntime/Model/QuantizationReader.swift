internal import TensorTypes

/// Reads the quantisation of one tensor.
///
/// Source: the schema's `QuantizationParameters` and the checks that LiteRT makes when it builds an interpreter. A custom quantisation
/// is ignored, as LiteRT does; so is one over several axes, which no operator takes.
struct QuantizationReader {
  let element: ElementType
  let shape: Shape
  let tensor: Int
  let tensorCount: Int
  let location: ModelError.Location

  func read(_ record: QuantizationRecord?) throws(ModelError) -> Quantization {
    guard let record else { return .none }
    switch record.details {
    case nil:
      return try readAffine(record)
    case .missing:
      throw malformed("the details of the quantisation are missing")
    case .blockwise(let scales, let zeroPoints, let blockSize):
      return try readBlockwise(scales: scales, zeroPoints: zeroPoints, blockSize: blockSize)
    case .multiAxis(let scales, let zeroPoints, let blockSize, let dimensions):
      try checkParameterTensors(scales: scales, zeroPoints: zeroPoints)
      guard blockSize >= 0 else { throw malformed("the block size of the quantisation is \(blockSize)") }
      guard !dimensions.isEmpty else { throw malformed("a quantisation over several axes names no axis") }
      for dimension in dimensions where dimension < 0 || (shape.rank > 0 && Int(dimension) >= shape.rank) {
        throw malformed("the quantised dimension \(dimension) is not one of shape \(shape)")
      }
      return .none
    }
  }

  private func readAffine(_ record: QuantizationRecord) throws(ModelError) -> Quantization {
    let scales = record.scales
    guard !scales.isEmpty else { return .none }
    guard let stored = record.zeroPoints else { throw malformed("the quantisation has scales but no zero points") }
    guard stored.count == scales.count else {
      throw malformed("the quantisation has \(scales.count) scales and \(stored.count) zero points")
    }
    let axis = Int(record.dimension)
    guard axis >= 0, shape.rank == 0 || axis < shape.rank else {
      throw malformed("the quantised dimension \(axis) is not one of shape \(shape)")
    }
    guard scales.count == 1 || (shape.rank > 0 && scales.count == shape[axis]) else {
      throw malformed("the quantisation has \(scales.count) scales for dimension \(axis) of shape \(shape)")
    }
    guard let range = zeroPointRange else {
      // A scale on floats mostly records how the model was trained. It counts where an operator gives its output another type than the
      // model declares.
      guard scales.count == 1, scales[0].isFinite, scales[0] > 0, let zeroPoint = Int16(exactly: stored[0]) else {
        return .none
      }
      return .perTensor(scale: scales[0], zeroPoint: Int(zeroPoint))
    }
    for (channel, scale) in scales.enumerated() where !(scale.isFinite && scale >= 0) {
      throw malformed("scale \(channel) of the quantisation is \(scale)")
    }
    // Converters write a single scale of zero for a range that was never observed.
    if scales.count == 1, scales[0] == 0 { return .none }
    for (channel, zeroPoint) in stored.enumerated() where !range.contains(zeroPoint) {
      throw malformed("zero point \(channel) of the quantisation is \(zeroPoint), out of proportion for \(element)")
    }
    if scales.count == 1 { return .perTensor(scale: scales[0], zeroPoint: Int(stored[0])) }
    return .perChannel(scales: scales, zeroPoints: stored.map(Int.init), axis: axis)
  }

  private func readBlockwise(scales: Int32, zeroPoints: Int32, blockSize: Int32) throws(ModelError) -> Quantization {
    try checkParameterTensors(scales: scales, zeroPoints: zeroPoints)
    guard blockSize > 0 else { throw malformed("the block size of the quantisation is \(blockSize)") }
    guard let last = shape.last, last % Int(blockSize) == 0 else {
      throw malformed("shape \(shape) cannot be split into blocks of \(blockSize) elements along its last dimension")
    }
    return .blockwise(
      scales: Int(scales), zeroPoints: zeroPoints < 0 ? nil : Int(zeroPoints), blockSize: Int(blockSize))
  }

  private func checkParameterTensors(scales: Int32, zeroPoints: Int32) throws(ModelError) {
    guard scales >= 0, scales < tensorCount, scales != tensor else {
      throw malformed("the scales of the quantisation are in tensor \(scales); the subgraph has \(tensorCount) tensors")
    }
    guard zeroPoints >= -1, zeroPoints < tensorCount, zeroPoints != tensor else {
      throw malformed(
        "the zero points of the quantisation are in tensor \(zeroPoints); the subgraph has \(tensorCount) tensors")
    }
  }

  /// The zero points that are taken; nil for element types that are not quantised.
  ///
  /// A zero point may lie outside the element type (then no value stands for zero, and LiteRT runs such models), but not so far that
  /// products of two differences leave 32 bits.
  private var zeroPointRange: ClosedRange<Int64>? {
    switch element {
    case .int2, .int4, .uint4, .int8, .uint8, .int16: -32768...32767
    case .uint16: 0...65535
    case .int32, .int64: Int64(Int32.min)...Int64(Int32.max)
    default: nil
    }
  }

  private func malformed(_ message: String) -> ModelError { ModelError(.malformed, message, at: location) }
}
