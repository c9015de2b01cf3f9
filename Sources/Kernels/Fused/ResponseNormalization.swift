internal import CKernels
internal import Glibc
package import TensorTypes

/// ConvNeXt-V2's global response normalisation of NHWC images: with *n* the Euclidean norm of a channel over the image, and its mean over the
/// channels *m*, `x + x * n / (m + epsilon) * scale + offset`.
///
/// Inputs, all `float32`: images (rank 4), scale and offset (one element per channel each). Made by graph passes for known shapes.
package struct ResponseNormalization: Operator {
  package static let definition = OperatorDefinition(custom: "RESPONSE_NORMALIZATION")

  package let epsilon: Float

  package init(options: OperatorOptions) throws(OperatorError) {
    throw .unsupported("made by graph passes only")
  }

  package init(epsilon: Float) { self.epsilon = epsilon }

  package var sharing: OperandSharing { .inPlace([0]) }

  package func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3)
    let input = try node.input(0)
    guard input.element == .float32, input.shape.rank == 4, input.shape.elementCount > 0 else {
      throw .malformed("\(input) is not float32 images")
    }
    for index in 1...2 {
      let type = try node.input(index)
      guard type.element == .float32, type.shape.elementCount == input.shape[3] else {
        throw .malformed("input \(index) is \(type), not \(input.shape[3]) float32")
      }
    }
    return [input.shape]
  }

  package func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let shape = try node.input(0).shape
    let (batch, pixels, channels) = (shape[0], shape[1] * shape[2], shape[3])
    let kernels = Microkernels.best
    // Channels that one thread adds up.
    let strip = 64
    let strips = (channels + strip - 1) / strip
    return Kernel(scratch: [batch * channels * 4]) { [epsilon] io throws(OperatorError) in
      try io.parallel(batch * strips, grain: max(1, 65536 / max(pixels * strip, 1))) { range in
        guard let x = unsafe io.inputBytes(0).bindMemory(to: Float.self).baseAddress,
          let sums = unsafe io.scratchBytes(0).bindMemory(to: Float.self).baseAddress
        else { return }
        for index in range {
          let (image, part) = index.quotientAndRemainder(dividingBy: strips)
          let first = part * strip
          // Safety: strips are inside of the image and of the sums.
          unsafe kernels.table.pointee.f32_column_squares(
            x + image * pixels * channels + first, pixels, channels, min(strip, channels - first),
            sums + image * channels + first)
        }
      }
      var factors = io.scratch(0, as: Float.self)
      let scales = io.input(1, as: Float.self)
      for image in 0..<batch {
        var total: Float = 0
        for channel in 0..<channels {
          let norm = sqrtf(factors[image * channels + channel])
          factors[image * channels + channel] = norm
          total += norm
        }
        let divisor = total / Float(channels) + epsilon
        for channel in 0..<channels {
          factors[image * channels + channel] = factors[image * channels + channel] / divisor * scales[channel]
        }
      }
      try io.parallel(batch * pixels, grain: max(1, 4096 / channels)) { rows in
        guard let x = unsafe io.inputBytes(0).bindMemory(to: Float.self).baseAddress,
          let y = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress,
          let factors = unsafe io.scratchBytes(0).bindMemory(to: Float.self).baseAddress,
          let offsets = unsafe io.inputBytes(2).bindMemory(to: Float.self).baseAddress
        else { return }
        var row = rows.lowerBound
        while row < rows.upperBound {
          let image = row / pixels
          let end = min(rows.upperBound, (image + 1) * pixels)
          // Safety: the rows are inside of the image, and factors and offsets have an element per channel.
          unsafe kernels.table.pointee.f32_scale_rows(
            x + row * channels, y + row * channels, end - row, channels, factors + image * channels, offsets)
          row = end
        }
      }
    }
  }
}
