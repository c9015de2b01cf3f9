internal import TensorTypes

/// Where the channels of a tensor lie: `outer` blocks, each of `channels` runs of `inner` elements.
struct ChannelLayout: Sendable {
  let channels: Int
  let inner: Int
  let scales: [Float]
  let zeroPoints: [Int32]

  /// The layout of a tensor that is quantised per channel; nil when it is not, or has only one scale.
  ///
  /// - Parameter name: how an error calls the tensor.
  /// - Throws: `malformed` when axis, scales or zero points contradict the shape.
  init?(_ type: TensorType, _ name: String) throws(OperatorError) {
    guard case .perChannel(let scales, let zeroPoints, let axis) = type.quantization, scales.count != 1 else {
      return nil
    }
    guard let axis = type.shape.axis(axis), axis >= 0 else {
      throw .malformed("\(name) is quantised along axis \(axis), its shape is \(type.shape)")
    }
    channels = type.shape[axis]
    guard scales.count == channels, zeroPoints.count == channels else {
      throw .malformed("\(name) has \(scales.count) scales for \(channels) channels")
    }
    var checked: [Int32] = []
    for (scale, zeroPoint) in zip(scales, zeroPoints) {
      checked.append(
        try TensorType.checkedParameters(scale: scale, zeroPoint: zeroPoint, type.element, name).zeroPoint)
    }
    self.scales = scales
    self.zeroPoints = checked
    inner = max(type.shape.product(axis + 1..<type.shape.rank), 1)
  }

  /// Calls `body` for runs of one channel that together cover the elements `range`.
  @inline(__always)
  func forEachRun(in range: Range<Int>, _ body: (_ elements: Range<Int>, _ scale: Float, _ zeroPoint: Int32) -> Void) {
    var position = range.lowerBound
    var (run, start) = position.quotientAndRemainder(dividingBy: inner)
    var channel = run % channels
    run = 0
    while position < range.upperBound {
      let end = min(position + inner - start, range.upperBound)
      body(position..<end, scales[channel], zeroPoints[channel])
      position = end
      start = 0
      channel = channel + 1 == channels ? 0 : channel + 1
    }
  }
}
