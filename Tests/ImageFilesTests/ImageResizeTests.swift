internal import Testing

@testable import ImageFiles

@Suite struct ImageResizeTests {
  /// The two-dimensional definition in double precision: a triangle around every half-pixel centre.
  private func oracle(_ image: Image, width: Int, height: Int) -> [Double] {
    func weights(_ sourceCount: Int, _ count: Int, _ index: Int) -> [Double] {
      let scale = Double(sourceCount) / Double(count)
      let center = (Double(index) + 0.5) * scale
      let raw = (0..<sourceCount).map { (sample) -> Double in
        let distance = abs(Double(sample) + 0.5 - center)
        return max(0, 1 - distance / max(scale, 1))
      }
      let total = raw.reduce(0, +)
      return raw.map { $0 / total }
    }
    var result: [Double] = []
    for y in 0..<height {
      let rows = weights(image.height, height, y)
      for x in 0..<width {
        let columns = weights(image.width, width, x)
        for channel in 0..<image.channels {
          var sum = 0.0
          for row in 0..<image.height where rows[row] > 0 {
            for column in 0..<image.width where columns[column] > 0 {
              let value = Double(image.pixels[(row * image.width + column) * image.channels + channel])
              sum += rows[row] * columns[column] * value
            }
          }
          result.append(sum)
        }
      }
    }
    return result
  }

  private func noise(width: Int, height: Int, channels: Int) throws -> Image {
    var state: UInt64 = 88_172_645_463_325_252
    let pixels = (0..<width * height * channels).map { (_) -> UInt8 in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt8(truncatingIfNeeded: state >> 24)
    }
    return try Image(width: width, height: height, channels: channels, pixels: pixels)
  }

  @Test(arguments: [1, 3, 4], [(1, 1), (2, 30), (30, 2), (13, 17), (14, 18), (12, 16), (40, 50), (13, 5), (5, 17)])
  func `the samples follow the definition`(channels: Int, size: (width: Int, height: Int)) throws {
    for (width, height) in [(13, 17), (1, 1), (2, 1)] {
      let image = try noise(width: width, height: height, channels: channels)
      let resized = try image.resized(width: size.width, height: size.height)
      #expect(resized.width == size.width && resized.height == size.height && resized.channels == channels)
      let expected = oracle(image, width: size.width, height: size.height)
      #expect(resized.pixels.count == expected.count)
      // Each of the two steps rounds once.
      #expect(zip(resized.pixels, expected).allSatisfy { abs(Double($0) - $1) <= 1.01 })
    }
  }

  @Test(arguments: [
    (3, 2, [113, 128, 139, 129, 117, 125]),
    (2, 10, [48, 122, 80, 154, 122, 176, 163, 160, 159, 91, 139, 71, 108, 105, 93, 146, 114, 151, 146, 139]),
  ])
  func `gray samples are those of Pillow`(width: Int, height: Int, expected: [UInt8]) throws {
    #expect(try Image(decoding: ImageFixtures.gray).resized(width: width, height: height).pixels == expected)
  }

  @Test func `colour samples are those of Pillow`() throws {
    let expected: [UInt8] = [
      113, 134, 120, 128, 137, 122, 139, 104, 141, 129, 143, 147, 117, 132, 110, 125, 118, 129,
    ]
    #expect(try Image(decoding: ImageFixtures.rgb).resized(width: 3, height: 2).pixels == expected)
  }

  @Test func `the same size gives the same image, and one colour stays that colour`() throws {
    let image = try noise(width: 9, height: 4, channels: 3)
    #expect(try image.resized(width: 9, height: 4) == image)
    for value in [0, 1, 127, 255] as [UInt8] {
      let flat = try Image(width: 7, height: 5, channels: 1, pixels: Array(repeating: value, count: 35))
      for (width, height) in [(1, 1), (100, 3), (3, 100), (224, 224)] {
        #expect(try flat.resized(width: width, height: height).pixels.allSatisfy { $0 == value })
      }
    }
  }

  @Test func `sizes that are not positive or too large are refused`() throws {
    let image = try noise(width: 4, height: 4, channels: 3)
    for (width, height) in [(0, 1), (1, 0), (-1, 5), (.max, 1), (.max, .max), (1 << 20, 1 << 20), (1 << 27, 1)] {
      #expect(throws: ImageError.self) { try image.resized(width: width, height: height) }
    }
    #expect(throws: ImageError.self) { try Image(width: 2, height: 2, channels: 3, pixels: [0]) }
    #expect(throws: ImageError.self) { try Image(width: .max, height: 2, channels: 1, pixels: []) }
    #expect(throws: ImageError.self) { try Image(width: 1, height: 1, channels: 2, pixels: [0, 0]) }
  }
}
