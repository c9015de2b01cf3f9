/// A window that slides along one dimension of an image, as the library wants it: explicit padding before and after.
struct SpatialWindow: Equatable {
  let input: Int
  let kernel: Int
  let stride: Int
  let dilation: Int
  /// Padding before the first element; with `SAME` the smaller half.
  let before: Int
  let after: Int
  /// Positions of the window.
  let output: Int

  /// - Parameters:
  ///   - isSame: padding `SAME` (`ceil(input / stride)` positions), otherwise `VALID`.
  ///   - expectedOutput: the size that the output tensor has along this dimension.
  /// - Throws: ``Refusal`` for numbers that are not positive or too large, and where the output tensor has another size.
  init(
    _ dimension: String, input: Int, kernel: Int, stride: Int, dilation: Int = 1, isSame: Bool, expectedOutput: Int
  ) throws(Refusal) {
    for (what, value) in [("input", input), ("filter", kernel), ("stride", stride), ("dilation", dilation)] {
      guard value > 0, value < 1 << 24 else {
        throw Refusal("the \(what)'s \(dimension), \(value), is not from 1 to \((1 << 24) - 1)")
      }
    }
    let extent = (kernel - 1) * dilation + 1
    guard extent < 1 << 30 else { throw Refusal("the dilated filter's \(dimension), \(extent), is too large") }
    var padding = 0
    if isSame {
      let positions = (input + stride - 1) / stride
      padding = max(0, (positions - 1) * stride + extent - input)
    }
    guard input + padding >= extent else {
      throw Refusal("the filter's \(dimension), \(extent), is larger than the input's, \(input)")
    }
    output = (input + padding - extent) / stride + 1
    guard output == expectedOutput else {
      throw Refusal("the output's \(dimension) is \(expectedOutput); padding and stride make it \(output)")
    }
    self.input = input
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    before = padding / 2
    after = padding - before
  }

  /// Bytes of pointers that the library allocates for the windows of an image; refused above this.
  static let maximumIndirectionBytes = 1 << 29

  /// Checks how much memory the library will allocate for pointers to the elements of each window.
  static func checkIndirection(_ height: SpatialWindow, _ width: SpatialWindow) throws(Refusal) {
    var bytes = 8
    // At most 32 positions more are rounded up to.
    for factor in [height.kernel, width.kernel, height.output * width.output + 32] {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: factor)
      guard !overflow, product <= maximumIndirectionBytes else {
        throw Refusal(
          "windows of \(height.kernel)x\(width.kernel) at \(height.output)x\(width.output) positions are too many")
      }
      bytes = product
    }
  }
}
