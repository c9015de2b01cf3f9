internal import TensorTypes

/// How a window slides over the edges of an image. Raw values are the schema's `Padding`.
public enum WindowPadding: Int8, Sendable, Hashable {
  /// The image is padded so that the output has `ceil(input / stride)` positions.
  case same = 0
  /// The window stays inside the image.
  case valid = 1

  /// Reads the padding from an operator's options.
  init(_ options: OperatorOptions, slot: Int) throws(OperatorError) {
    let raw = try options.int8(slot)
    guard let padding = WindowPadding(rawValue: raw) else { throw .malformed("\(raw) is not a padding") }
    self = padding
  }
}

/// Positions that read as zero before and after an image along one dimension.
package struct WindowBorder: Sendable, Hashable {
  package let before: Int
  package let after: Int

  package init(before: Int, after: Int) {
    self.before = before
    self.after = after
  }
}

/// A window that slides along one dimension of an image.
struct SlidingWindow: Sendable, Hashable {
  let input: Int
  let kernel: Int
  let stride: Int
  let dilation: Int
  /// Positions of the window.
  let output: Int
  /// Positions before the image that the first window covers.
  let padding: Int

  /// - Parameters:
  ///   - dimension: "height" or "width", for error texts.
  ///   - border: positions around the image, in place of `padding`.
  /// - Throws: `malformed` for a stride, dilation or kernel below 1, and for a window that does not fit in the image.
  init(
    _ dimension: String, input: Int, kernel: Int, stride: Int32, dilation: Int32 = 1, padding: WindowPadding,
    border: WindowBorder? = nil
  ) throws(OperatorError) {
    guard stride > 0 else { throw .malformed("stride \(stride) along the \(dimension) must be positive") }
    guard dilation > 0 else { throw .malformed("dilation \(dilation) along the \(dimension) must be positive") }
    guard input > 0 else { throw .malformed("the input's \(dimension) is 0") }
    guard kernel > 0 else { throw .malformed("the filter's \(dimension) is 0") }
    let stride = Int(stride)
    let dilation = Int(dilation)
    // None of these products overflows: dimensions and options have 31 bits.
    let effective = (kernel - 1) * dilation + 1
    let output: Int
    if let border {
      guard (0..<effective).contains(border.before), (0..<effective).contains(border.after) else {
        throw .malformed(
          "a border of \(border.before) and \(border.after) is not smaller than the window of \(effective)")
      }
      output = (input + border.before + border.after + stride - effective) / stride
    } else {
      switch padding {
      case .same: output = (input + stride - 1) / stride
      case .valid: output = (input + stride - effective) / stride
      }
    }
    guard output >= 0 else {
      throw .malformed("a window of \(effective) does not fit in the input's \(dimension) of \(input)")
    }
    self.input = input
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.output = output
    self.padding = border?.before ?? max((output - 1) * stride + effective - input, 0) / 2
  }

  /// The input position under the first tap of window `index`; negative before the image.
  @inline(__always)
  func origin(_ index: Int) -> Int { index &* stride &- padding }

  /// The taps of a window that lie inside the image.
  @inline(__always)
  func taps(origin: Int) -> Range<Int> {
    let first = origin < 0 ? (dilation &- 1 &- origin) / dilation : 0
    let end = origin < input ? (input &- 1 &- origin) / dilation &+ 1 : 0
    let last = min(end, kernel)
    return first < last ? first..<last : 0..<0
  }
}
