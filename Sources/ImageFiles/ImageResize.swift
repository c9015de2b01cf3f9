extension Image {
  /// The image scaled to a size, without keeping its proportions.
  ///
  /// Bilinear with half-pixel centres; where the image shrinks, the triangle is widened by the scale, so every source
  /// pixel counts (antialiased). Every row first, then every column, with weights in units of 2^-22 and 8 bits between
  /// the two: the samples of Pillow 12's `resize(…, BILINEAR)` for gray and RGB. (Pillow 13 takes the columns first when
  /// the height shrinks most, which changes samples by 1.) Alpha is scaled like a colour. Throws when a dimension is
  /// below 1, or the result or the image between the two steps has more than `maximumPixels` pixels and more than this
  /// image.
  public func resized(
    width newWidth: Int, height newHeight: Int, maximumPixels: Int = Image.defaultMaximumPixels
  ) throws(ImageError) -> Image {
    guard newWidth > 0, newHeight > 0 else {
      throw .invalidSize(width: newWidth, height: newHeight, channels: channels)
    }
    // Between the two steps the image has the new width and the old height.
    for (width, height) in [(newWidth, newHeight), (newWidth, height)] {
      let (area, overflow) = width.multipliedReportingOverflow(by: height)
      guard !overflow, area <= max(maximumPixels, self.width * self.height) else {
        throw .tooLarge(width: width, height: height, maximumPixels: maximumPixels)
      }
    }
    var result = pixels
    if newWidth != width {
      result = resizedRows(result, axis: ResizeAxis(from: width, to: newWidth), height: height)
    }
    if newHeight != height {
      result = resizedColumns(result, axis: ResizeAxis(from: height, to: newHeight), rowSize: newWidth * channels)
    }
    return Image(checkedWidth: newWidth, height: newHeight, channels: channels, pixels: result)
  }

  private func resizedRows(_ source: [UInt8], axis: ResizeAxis, height: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(axis.windows.count * height * channels)
    let source = source.span
    let weights = axis.weights.span
    let rowSize = width * channels
    for row in 0..<height {
      for window in axis.windows {
        let start = row * rowSize + window.start * channels
        for channel in 0..<channels {
          var sum = ResizeAxis.half
          var position = start + channel
          for tap in 0..<window.count {
            sum &+= weights[window.firstWeight + tap] &* Int32(source[position])
            position += channels
          }
          result.append(ResizeAxis.sample(sum))
        }
      }
    }
    return result
  }

  private func resizedColumns(_ source: [UInt8], axis: ResizeAxis, rowSize: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(axis.windows.count * rowSize)
    let source = source.span
    let weights = axis.weights.span
    var sums = [Int32](repeating: 0, count: rowSize)
    for window in axis.windows {
      for column in sums.indices {
        sums[column] = ResizeAxis.half
      }
      for tap in 0..<window.count {
        let weight = weights[window.firstWeight + tap]
        let start = (window.start + tap) * rowSize
        let row = source.extracting(start..<start + rowSize)
        for column in row.indices {
          sums[column] &+= weight &* Int32(row[column])
        }
      }
      for sum in sums {
        result.append(ResizeAxis.sample(sum))
      }
    }
    return result
  }
}

/// Which source samples make every sample of a resized row or column, and with which weights.
struct ResizeAxis {
  struct Window {
    /// The first source sample.
    var start: Int
    var count: Int
    /// Where the weights of the window start.
    var firstWeight: Int
  }

  private(set) var windows: [Window] = []
  /// In units of 2^-22. The weights of a window add up to one within its rounding.
  private(set) var weights: [Int32] = []

  private static let fractionBits = 22
  /// One half of a sample's unit, added before the fraction is cut off.
  static let half: Int32 = 1 << (fractionBits - 1)

  /// Both counts are at least 1.
  init(from sourceCount: Int, to count: Int) {
    let scale = Double(sourceCount) / Double(count)
    let support = max(scale, 1)
    for index in 0..<count {
      let center = (Double(index) + 0.5) * scale
      let start = max(0, Int(center - support + 0.5))
      let end = min(sourceCount, Int(center + support + 0.5))
      let raw = (start..<end).map { (sample) in
        max(0, 1 - abs((Double(sample) - center + 0.5) / support))
      }
      let total = raw.reduce(0, +)
      windows.append(Window(start: start, count: raw.count, firstWeight: weights.count))
      for weight in raw {
        weights.append(Int32((weight / total * Double(1 << Self.fractionBits)).rounded(.toNearestOrAwayFromZero)))
      }
    }
  }

  /// A sum of weighted samples and ``half`` as a sample.
  static func sample(_ sum: Int32) -> UInt8 {
    UInt8(clamping: sum >> Int32(fractionBits))
  }
}
