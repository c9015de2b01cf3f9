/// Operators that move a window over an image, and products.
extension ShapeRule {
  /// How a window moves along one dimension.
  private struct Window {
    let input: Int
    let filter: Int
    let stride: Int
    let dilation: Int

    init?(input: Int, filter: Int, stride: Int, dilation: Int) {
      let range = 1...Int(Int32.max)
      guard range.contains(filter), range.contains(stride), range.contains(dilation), input >= 0 else { return nil }
      self.input = input
      self.filter = filter
      self.stride = stride
      self.dilation = dilation
    }

    var extent: Int {
      let (product, overflow) = (filter - 1).multipliedReportingOverflow(by: dilation)
      return overflow || product > Int(Int32.max) ? Int(Int32.max) : product + 1
    }

    /// The padding before and after together.
    func padding(isValid: Bool) -> Int {
      let output = isValid ? (input + stride - extent) / stride : (input + stride - 1) / stride
      return max((output - 1) * stride + extent - input, 0)
    }

    /// nil when the filter is larger than the padded input.
    func output(isValid: Bool) -> Int? {
      if isValid, input < extent { return nil }
      let padded = input + padding(isValid: isValid)
      return padded < extent ? nil : (padded - extent) / stride + 1
    }
  }

  func convolution2D(_ node: OperatorSignature, _ output: OperandSignature, isDepthwise: Bool) -> String? {
    guard let image = node.input(0), let filter = node.input(1), image.rank == 4, filter.rank == 4 else {
      return "image and filter have four dimensions"
    }
    guard !image.dimensions.contains(0) else { return "an image without elements" }
    let dilation =
      isDepthwise
      ? (node.option(6, default: 1), node.option(5, default: 1))
      : (node.option(5, default: 1), node.option(4, default: 1))
    let isValid = node.byteOption(0) == 1
    guard
      let vertical = Window(
        input: image.dimensions[1], filter: filter.dimensions[1], stride: node.option(2), dilation: dilation.0),
      let horizontal = Window(
        input: image.dimensions[2], filter: filter.dimensions[2], stride: node.option(1), dilation: dilation.1)
    else { return "a window, stride or dilation below 1" }
    guard let height = vertical.output(isValid: isValid), let width = horizontal.output(isValid: isValid) else {
      return "the filter is larger than the padded image"
    }
    if isDepthwise, max(vertical.stride, horizontal.stride) > 1, max(vertical.dilation, horizontal.dilation) > 1 {
      return "a stride together with a dilation"
    }
    let (channels, filterChannels) = (image.dimensions[3], filter.dimensions[3])
    if isDepthwise {
      guard filterChannels % channels == 0 else { return "\(filterChannels) filters for \(channels) channels" }
    } else {
      guard filterChannels > 0, channels % filterChannels == 0,
        filter.dimensions[0] % (channels / filterChannels) == 0
      else { return "\(channels) channels, \(filterChannels) of a filter and \(filter.dimensions[0]) filters" }
    }
    return expect(
      [image.dimensions[0], height, width, isDepthwise ? filter.dimensions[3] : filter.dimensions[0]], output)
  }

  func convolution3D(_ node: OperatorSignature) -> String? {
    for slot in 5...7 where node.option(slot, default: 1) != 1 { return "dilated volumes have no kernel" }
    return nil
  }

  func transposedConvolution2D(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let filter = node.input(1), let image = node.input(2), image.rank == 4, filter.rank == 4, output.rank == 4
    else { return "image, filter and output have four dimensions" }
    let isValid = node.byteOption(0) == 1
    for (axis, slot) in [(1, 2), (2, 1)] {
      guard
        let window = Window(
          input: image.dimensions[axis], filter: filter.dimensions[axis], stride: node.option(slot), dilation: 1)
      else { return "a window or stride below 1" }
      // The compiler computes the padding from the image, as if this were no transposition.
      let padding = window.padding(isValid: isValid)
      let wanted = window.stride * (image.dimensions[axis] - 1) + window.filter - padding
      let slack = padding == 0 ? window.stride - 1 : 0
      guard output.dimensions[axis] >= wanted, output.dimensions[axis] <= wanted + slack else {
        return "the output has \(output.dimensions[axis]) along axis \(axis), the kernel gives \(wanted)"
      }
    }
    return nil
  }

  func pooling(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let image = node.input(0), image.rank == 4 else { return "the image has four dimensions" }
    let isValid = node.byteOption(0) == 1
    guard
      let vertical = Window(
        input: image.dimensions[1], filter: node.option(4), stride: node.option(2), dilation: 1),
      let horizontal = Window(
        input: image.dimensions[2], filter: node.option(3), stride: node.option(1), dilation: 1)
    else { return "a window or stride below 1" }
    guard let height = vertical.output(isValid: isValid), let width = horizontal.output(isValid: isValid) else {
      return "the window is larger than the padded image"
    }
    return expect([image.dimensions[0], height, width, image.dimensions[3]], output)
  }

  func fullyConnected(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let input = node.input(0), let weights = node.input(1), weights.rank == 2 else {
      return "weights have two dimensions"
    }
    let depth = weights.dimensions[1]
    guard depth > 0 else { return "weights of no columns" }
    guard input.elementCount % depth == 0 else {
      return "\(input.elementCount) input elements are not a multiple of \(depth) weight columns"
    }
    return nil
  }

  func matrixProduct(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let first = node.input(0), let second = node.input(1), first.rank >= 2, second.rank >= 2 else {
      return "matrices have two dimensions or more"
    }
    let a = Array(first.dimensions.suffix(2))
    let b = Array(second.dimensions.suffix(2))
    let (rows, inner) = node.flag(0) ? (a[1], a[0]) : (a[0], a[1])
    let (depth, columns) = node.flag(1) ? (b[1], b[0]) : (b[0], b[1])
    guard inner == depth else { return "inner dimensions \(inner) and \(depth) differ" }
    guard
      let batch = broadcast([Array(first.dimensions.dropLast(2)), Array(second.dimensions.dropLast(2))])
    else { return "the matrices' batches cannot be broadcast" }
    return expect(batch + [rows, columns], output)
  }
}

extension ShapeRule {
  func legacyDepthwiseConvolution(_ node: OperatorSignature) -> String? {
    guard let image = node.input(0), let filter = node.input(1), filter.rank >= 2 else { return "operands are missing" }
    let isDilated = node.option(5, default: 1) != 1 || node.option(6, default: 1) != 1
    if isDilated, node.option(1) != 1 || node.option(2) != 1 { return "a stride together with a dilation" }
    if node.option(3) != 1, isDilated || image.rank != 4 || image.dimensions[3] != 1 {
      return "a depth multiplier of \(node.option(3)) with more than one channel or a dilation"
    }
    return filter.dimensions[1] >= 2 ? nil : "a filter of height \(filter.dimensions[1])"
  }

  func legacyFullyConnected(_ node: OperatorSignature) -> String? {
    guard let bias = node.input(2), bias.constant == nil else { return nil }
    return "a computed bias"
  }

  /// The library's documentation names a largest size that its delegate does not check.
  func legacyResizing(_ output: OperandSignature) -> String? {
    guard output.rank == 4, let size = output.dimensions[1...2].max(), size > 65 else { return nil }
    return "an output of \(size); 65 is the largest"
  }

  func legacyMaximumPooling(_ node: OperatorSignature) -> String? {
    let largest = max(node.option(3), node.option(4))
    return node.byteOption(0) == 0 && largest >= 13 ? "a padded window of \(largest)" : nil
  }
}
