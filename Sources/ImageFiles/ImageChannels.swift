extension Image {
  /// The image in shades of gray: 0.299 R + 0.587 G + 0.114 B, rounded (ITU-R BT.601). Alpha is dropped.
  public var grayscale: Image { converted(toChannels: 1) }

  /// The image with 1, 3 or 4 channels.
  func converted(toChannels wanted: Int) -> Image {
    guard wanted != channels else { return self }
    let count = width * height
    var result: [UInt8] = []
    result.reserveCapacity(count * wanted)
    let source = pixels.span
    for pixel in 0..<count {
      let start = pixel * channels
      let red = source[start]
      let green = channels == 1 ? red : source[start + 1]
      let blue = channels == 1 ? red : source[start + 2]
      if wanted == 1 {
        // The weights in units of 2^-16; they add up to one.
        let sum = 19595 * UInt32(red) + 38470 * UInt32(green) + 7471 * UInt32(blue)
        result.append(UInt8(truncatingIfNeeded: (sum + 32768) >> 16))
      } else {
        result.append(red)
        result.append(green)
        result.append(blue)
        if wanted == 4 {
          result.append(255)
        }
      }
    }
    return Image(checkedWidth: width, height: height, channels: wanted, pixels: result)
  }
}
