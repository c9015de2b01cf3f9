internal import TensorTypes

/// What the resizing operators share: an NHWC input, and the new height and width as input 1.
package struct Resizing: Sendable, Hashable {
  /// Whether the centres of the corner pixels of input and output coincide.
  package let alignsCorners: Bool
  /// Whether pixels are sampled at their centres.
  package let hasHalfPixelCenters: Bool

  static func shape(_ input: Shape, _ size: [Int]) throws(OperatorError) -> Shape {
    guard size.count == 2, size[0] > 0, size[1] > 0 else {
      throw .malformed("the new size must be a positive height and width, not \(size)")
    }
    guard let shape = Shape([input[0], size[0], size[1], input[3]]) else {
      throw .malformed("size \(size) is not valid")
    }
    guard input[1] > 0, input[2] > 0 else { throw .malformed("an image of shape \(input) cannot be resized") }
    return shape
  }

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectSameElement()
    let input = try node.input(0).shape
    let size = try node.input(1)
    guard input.rank == 4 else { throw .malformed("rank \(input.rank); takes [batch, height, width, channels]") }
    guard size.element == .int32, size.shape.dimensions == [2] else {
      throw .malformed("the new size must be two int32, not \(size)")
    }
    return [try Self.shape(input, try node.integers(1))]
  }
}

/// The two neighbours that each output position mixes along one dimension.
struct Interpolation<Weight: Sendable & BitwiseCopyable>: Sendable {
  struct Tap: Sendable {
    let lower: Int
    let upper: Int
    let lowerWeight: Weight
    let upperWeight: Weight
  }

  let taps: [Tap]
}

extension Interpolation<Float> {
  init(_ resizing: Resizing, from input: Int, to output: Int) {
    var scale = Float(input) / Float(output)
    if resizing.alignsCorners, output > 1 { scale = Float(input - 1) / Float(output - 1) }
    taps = (0..<output).map { index in
      let position = resizing.hasHalfPixelCenters ? (Float(index) + 0.5) * scale - 0.5 : Float(index) * scale
      let lower = min(max(Int(position.rounded(.down)), 0), input - 1)
      let upper = max(0, min(Int(position.rounded(.up)), input - 1))
      let weight = position - Float(lower)
      return Tap(lower: lower, upper: upper, lowerWeight: 1 - weight, upperWeight: weight)
    }
  }
}

extension Interpolation<Int32> {
  /// Positions and weights in units of 1/1024.
  init(_ resizing: Resizing, from input: Int, to output: Int) {
    let size = Int32(truncatingIfNeeded: input)
    let count = Int32(truncatingIfNeeded: output)
    var scale = ((size &<< 10) &+ count / 2) / count
    if resizing.alignsCorners, count > 1 { scale = (((size &- 1) &<< 10) &+ (count &- 1) / 2) / (count &- 1) }
    taps = (0..<count).map { index in
      let position = resizing.hasHalfPixelCenters ? index &* scale &+ scale / 2 &- 512 : index &* scale
      let lower = min(max(position / 1024, 0), size - 1)
      let upper = max(0, min((position &+ 1023) / 1024, size - 1))
      let weight = position &- (lower &<< 10)
      return Tap(lower: Int(lower), upper: Int(upper), lowerWeight: 1024 &- weight, upperWeight: weight)
    }
  }
}
