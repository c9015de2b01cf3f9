internal import Kernels
internal import TensorTypes

/// Where the elements of a tensor come from that others were transposed and reshaped into.
struct ElementMovement {
  /// Some neighbouring elements along a dimension, and how far apart they are in the source.
  private struct Stretch {
    var size: Int
    var stride: Int
  }

  /// For each dimension of the result its stretches, the outermost first. Those of one element are left out.
  private var dimensions: [[Stretch]]

  /// The elements of a tensor as they are.
  init(_ shape: Shape) {
    var stride = 1
    var dimensions: [[Stretch]] = []
    for size in shape.dimensions.reversed() {
      dimensions.append(size == 1 ? [] : [Stretch(size: size, stride: stride)])
      stride *= size
    }
    self.dimensions = dimensions.reversed()
  }

  /// Lets dimension *i* of the result be what dimension `axes[i]` was.
  mutating func transpose(_ axes: [Int]) {
    dimensions = axes.map { dimensions[$0] }
  }

  /// Gives the result another shape with as many elements.
  ///
  /// - Returns: false, and nothing is changed, where a dimension would hold parts of two stretches.
  mutating func reshape(_ shape: Shape) -> Bool {
    var rest = Array(dimensions.joined().reversed())
    var result: [[Stretch]] = []
    for size in shape.dimensions {
      var missing = size
      var dimension: [Stretch] = []
      while missing > 1 {
        guard var stretch = rest.popLast() else { return false }
        if missing % stretch.size == 0 {
          missing /= stretch.size
        } else {
          guard stretch.size % missing == 0 else { return false }
          let inner = stretch.size / missing
          rest.append(Stretch(size: inner, stride: stretch.stride))
          stretch = Stretch(size: missing, stride: stretch.stride * inner)
          missing = 1
        }
        dimension.append(stretch)
      }
      result.append(dimension)
    }
    guard rest.isEmpty else { return false }
    dimensions = result
    return true
  }

  /// The stretches of the whole result, as long as they can be.
  private var merged: [Stretch] {
    var result: [Stretch] = []
    for stretch in dimensions.joined() {
      if let last = result.last, last.stride == stretch.stride * stretch.size {
        result[result.count - 1] = Stretch(size: last.size * stretch.size, stride: stretch.stride)
      } else {
        result.append(stretch)
      }
    }
    return result
  }

  /// Whether all elements are in the order of the source.
  var isInPlace: Bool { merged.count <= 1 }

  /// The movement as one transposition of the source, seen in another shape.
  func transposition(to shape: Shape) -> PermutedCopy {
    let merged = merged
    let order = merged.indices.sorted { merged[$0].stride > merged[$1].stride }
    var axes = [Int](repeating: 0, count: order.count)
    for (axis, index) in order.enumerated() { axes[index] = axis }
    return PermutedCopy(source: order.map { merged[$0].size }, axes: axes, shape: shape)
  }
}
