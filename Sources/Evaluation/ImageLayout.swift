internal import ImageFiles
internal import TensorFiles
package import TensorTypes

/// Where the dimensions of an image input are.
package struct ImageLayout: Sendable, Hashable {
  package let height: Int
  package let width: Int
  /// 1, 3 or 4.
  package let channels: Int
  /// Channels are the second dimension, not the last.
  package let isChannelFirst: Bool

  /// The layout of one image of an input of this shape: `[n, height, width, channels]`, or `[n, channels, height, width]`.
  package init(_ shape: Shape) throws(EvaluationError) {
    guard shape.rank == 4 else {
      throw EvaluationError(
        .model,
        "an image needs an input of shape [1, height, width, channels] or [1, channels, height, width], not \(shape)")
    }
    if [1, 3, 4].contains(shape[3]) {
      (height, width, channels, isChannelFirst) = (shape[1], shape[2], shape[3], false)
    } else if [1, 3, 4].contains(shape[1]) {
      (height, width, channels, isChannelFirst) = (shape[2], shape[3], shape[1], true)
    } else {
      throw EvaluationError(.model, "an input of shape \(shape) has no dimension of 1, 3 or 4 channels")
    }
  }

  /// The pixels of a picture, resized to the layout and in its order.
  package func pixels(_ path: String) throws -> [UInt8] {
    let image: Image
    do {
      image = try Image(decoding: readFile(path), channels: channels).resized(width: width, height: height)
    } catch let error as ImageError {
      throw EvaluationError(.dataset, "\(path): \(error)")
    }
    let area = width * height
    guard isChannelFirst else { return image.pixels }
    return (0..<channels).flatMap { channel in (0..<area).map { image.pixels[$0 * channels + channel] } }
  }
}
