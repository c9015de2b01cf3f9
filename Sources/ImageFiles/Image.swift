internal import CImageCodecs

/// An image of 8-bit samples in memory.
public struct Image: Hashable, Sendable {
  /// A file format that can be decoded.
  public enum Format: String, Hashable, Sendable, CustomStringConvertible {
    case png = "PNG"
    case jpeg = "JPEG"

    public var description: String { rawValue }

    /// The format by the first bytes of a file; nil when it is none of the cases.
    public init?(sniffing bytes: [UInt8]) {
      if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
        self = .png
      } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
        self = .jpeg
      } else {
        return nil
      }
    }
  }

  public let width: Int
  public let height: Int
  /// 1 for gray, 3 for RGB, 4 for RGB and alpha, which is not multiplied into the colours.
  public let channels: Int
  /// The samples: rows from top to bottom, pixels from left to right, channels next to each other (HWC), no gaps.
  public let pixels: [UInt8]

  /// The most pixels that are decoded unless the caller says otherwise: 2^26, an image of 8192 × 8192.
  public static let defaultMaximumPixels = 1 << 26

  /// Makes an image of samples. Throws `invalidSize` unless they fill it.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) throws(ImageError) {
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, [1, 3, 4].contains(channels), !overflow,
      case (pixels.count, false) = area.multipliedReportingOverflow(by: channels)
    else {
      throw .invalidSize(width: width, height: height, channels: channels)
    }
    self.init(checkedWidth: width, height: height, channels: channels, pixels: pixels)
  }

  init(checkedWidth width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// Decodes a PNG or JPEG file, which is told by its first bytes.
  ///
  /// Without `channels` the image keeps its own: 1 for gray, 3 for colour, 4 for PNG with transparency. With `channels`,
  /// gray is repeated, colour becomes its luminance (of a JPEG, the stored one), alpha is dropped without blending, and
  /// missing alpha is 255.
  ///
  /// Samples are delivered as they are stored, as Pillow and TensorFlow do: gamma, colour profiles and the EXIF
  /// orientation are ignored. 16-bit samples are rounded to 8. A file that is cut off or damaged gives an error rather
  /// than invented pixels. No memory for pixels is taken before the dimensions have been compared with `maximumPixels`
  /// and with the size of the file.
  public init(
    decoding bytes: [UInt8], channels: Int? = nil, maximumPixels: Int = Image.defaultMaximumPixels
  ) throws(ImageError) {
    guard let format = Format(sniffing: bytes) else { throw .unknownFormat }
    var info = try readInfo(bytes, format: format)
    let width = Int(info.width)
    let height = Int(info.height)
    let wanted = channels ?? Int(info.channels)
    guard [1, 3, 4].contains(wanted), width > 0, height > 0 else {
      throw .invalidSize(width: width, height: height, channels: wanted)
    }
    // The decoders keep dimensions below 2^31: the product and four channels of it fit.
    guard width * height <= maximumPixels else {
      throw .tooLarge(width: width, height: height, maximumPixels: maximumPixels)
    }
    guard info.minimum_size <= UInt64(bytes.count) else {
      throw .truncated(format: format, width: width, height: height, byteCount: bytes.count)
    }
    if format == .jpeg, wanted == 1 {
      info.channels = 1
    }
    let pixels = try decode(bytes, format: format, info: info)
    self = Image(checkedWidth: width, height: height, channels: Int(info.channels), pixels: pixels).converted(
      toChannels: wanted)
  }
}

private func readInfo(_ bytes: [UInt8], format: Image.Format) throws(ImageError) -> image_info {
  var info = image_info()
  var message = [CChar](repeating: 0, count: Int(IMAGE_MESSAGE_SIZE))
  let isRead =
    switch format {
    case .png: unsafe image_png_info(bytes, bytes.count, &info, &message)
    case .jpeg: unsafe image_jpeg_info(bytes, bytes.count, &info, &message)
    }
  guard isRead else { throw .malformed(format: format, reason: text(message)) }
  return info
}

private func decode(_ bytes: [UInt8], format: Image.Format, info: image_info) throws(ImageError) -> [UInt8] {
  let count = Int(info.width) * Int(info.height) * Int(info.channels)
  var message = [CChar](repeating: 0, count: Int(IMAGE_MESSAGE_SIZE))
  let pixels = unsafe [UInt8](unsafeUninitializedCapacity: count) { (buffer, initializedCount) in
    var info = info
    let isDecoded =
      switch format {
      case .png: unsafe image_png_decode(bytes, bytes.count, &info, buffer.baseAddress, &message)
      case .jpeg: unsafe image_jpeg_decode(bytes, bytes.count, &info, buffer.baseAddress, &message)
      }
    initializedCount = isDecoded ? count : 0
  }
  guard pixels.count == count else { throw .malformed(format: format, reason: text(message)) }
  return pixels
}

/// The text up to the zero, as one line of printable characters.
private func text(_ message: [CChar]) -> String {
  let bytes = message.prefix { $0 != 0 }.map { UInt8(truncatingIfNeeded: $0) }
  return String(decoding: bytes.map { (0x20...0x7E).contains($0) ? $0 : 0x3F }, as: UTF8.self)
}
