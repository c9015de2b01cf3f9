/// Why an image cannot be decoded or resized.
public enum ImageError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The bytes are neither PNG nor JPEG.
  case unknownFormat
  /// The decoder refused the file, with its reason.
  case malformed(format: Image.Format, reason: String)
  /// The dimensions need more bytes of file than there are, whatever the compression.
  case truncated(format: Image.Format, width: Int, height: Int, byteCount: Int)
  /// The image, or the size asked for, has more pixels than the limit.
  case tooLarge(width: Int, height: Int, maximumPixels: Int)
  /// A width or height is below 1, the number of channels is not 1, 3 or 4, or the pixels do not fill the image.
  case invalidSize(width: Int, height: Int, channels: Int)

  public var description: String {
    switch self {
    case .unknownFormat:
      "the file is neither a PNG nor a JPEG image"
    case .malformed(let format, let reason):
      "the \(format) image cannot be decoded: \(reason)"
    case .truncated(let format, let width, let height, let byteCount):
      "the \(format) image says it has \(width) × \(height) pixels, which do not fit in its \(byteCount) bytes"
    case .tooLarge(let width, let height, let maximumPixels):
      "the image of \(width) × \(height) pixels exceeds the limit of \(maximumPixels) pixels"
    case .invalidSize(let width, let height, let channels):
      "an image cannot have the size \(width) × \(height) with \(channels) channels here"
    }
  }
}
