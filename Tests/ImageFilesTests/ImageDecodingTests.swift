internal import Testing

@testable import ImageFiles

@Suite struct ImageDecodingTests {
  /// The samples of the 5 × 7 images: channels of the formula of ``ImageFixtures``, in the order given.
  private func samples(_ channels: [Int]) -> [UInt8] {
    (0..<7).flatMap { y in (0..<5).flatMap { x in channels.map { sample(x, y, $0) } } }
  }

  private func sample(_ x: Int, _ y: Int, _ channel: Int) -> UInt8 {
    UInt8((37 * x + 59 * y + 101 * channel + 11) % 256)
  }

  @Test(arguments: [
    (ImageFixtures.gray, [0]), (ImageFixtures.rgb, [0, 1, 2]), (ImageFixtures.rgba, [0, 1, 2, 3]),
    (ImageFixtures.grayAlpha, [0, 0, 0, 1]), (ImageFixtures.interlaced, [0, 1, 2]),
  ])
  func `PNG samples are delivered as they are stored`(file: [UInt8], channels: [Int]) throws {
    let image = try Image(decoding: file)
    #expect(image.width == 5 && image.height == 7)
    #expect(image.channels == channels.count)
    #expect(image.pixels == samples(channels))
  }

  @Test func `16-bit samples are rounded to 8`() throws {
    let image = try Image(decoding: ImageFixtures.gray16)
    let expected = (0..<7).flatMap { y in
      (0..<5).map { x in
        let value = Double(Int(sample(x, y, 0)) << 8 | Int(sample(x, y, 1)))
        return UInt8((value / 257).rounded())
      }
    }
    #expect(image.channels == 1)
    #expect(image.pixels == expected)
  }

  @Test func `palettes and bits are expanded`() throws {
    let colors: [[UInt8]] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 8, 7]]
    let indices = [0, 1, 2, 3, 3, 2, 1, 0]
    let palette = try Image(decoding: ImageFixtures.palette)
    #expect(palette.channels == 3)
    #expect(palette.pixels == indices.flatMap { colors[$0] })
    let transparent = try Image(decoding: ImageFixtures.paletteTransparent)
    #expect(transparent.channels == 4)
    #expect(transparent.pixels == indices.flatMap { colors[$0] + [$0 == 1 ? 0 : 255] })
    let bit = try Image(decoding: ImageFixtures.bit)
    #expect(bit.pixels == samples([0]).map { $0 > 127 ? 255 : 0 })
  }

  @Test func `channels are added, dropped and turned into luminance`() throws {
    let gray = samples([0])
    #expect(try Image(decoding: ImageFixtures.gray, channels: 3).pixels == gray.flatMap { [$0, $0, $0] })
    #expect(try Image(decoding: ImageFixtures.gray, channels: 4).pixels == gray.flatMap { [$0, $0, $0, 255] })
    #expect(try Image(decoding: ImageFixtures.rgba, channels: 3).pixels == samples([0, 1, 2]))
    let image = try Image(decoding: ImageFixtures.rgba)
    let luminance = try Image(decoding: ImageFixtures.rgba, channels: 1)
    #expect(luminance == image.grayscale)
    for (pixel, value) in luminance.pixels.enumerated() {
      let color = image.pixels[4 * pixel..<4 * pixel + 3].map { Double($0) }
      let exact: Double = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
      #expect(abs(Double(value) - exact) < 0.501)
    }
    #expect(throws: ImageError.self) { try Image(decoding: ImageFixtures.rgb, channels: 2) }
  }

  /// The corner squares of the JPEG fixtures.
  private let squares: [[Int]] = [[200, 40, 40], [40, 200, 40], [40, 40, 200], [220, 220, 220]]

  @Test(arguments: [ImageFixtures.jpeg, ImageFixtures.jpegProgressive, ImageFixtures.jpegCMYK])
  func `JPEG colours are close to those that were encoded`(file: [UInt8]) throws {
    let image = try Image(decoding: file)
    #expect(image.width == 16 && image.height == 16 && image.channels == 3)
    for (index, value) in image.pixels.enumerated() {
      let pixel = index / 3
      let square = squares[(pixel / 16 / 8) * 2 + pixel % 16 / 8]
      #expect(abs(Int(value) - square[index % 3]) <= 4)
    }
    let withAlpha = try Image(decoding: file, channels: 4)
    #expect(withAlpha.pixels.indices.allSatisfy { $0 % 4 != 3 || withAlpha.pixels[$0] == 255 })
  }

  @Test(arguments: [
    ImageFixtures.jpegGray, ImageFixtures.jpeg, ImageFixtures.jpegProgressive, ImageFixtures.jpegCMYK,
  ])
  func `JPEG luminance is close to that of the colours`(file: [UInt8]) throws {
    let image = try Image(decoding: file, channels: 1)
    #expect(image.channels == 1)
    for (pixel, value) in image.pixels.enumerated() {
      let square = squares[(pixel / 16 / 8) * 2 + pixel % 16 / 8].map { Double($0) }
      let exact: Double = 0.299 * square[0] + 0.587 * square[1] + 0.114 * square[2]
      #expect(abs(Double(value) - exact) <= 5)
    }
  }

  @Test func `a gray JPEG keeps one channel`() throws {
    #expect(try Image(decoding: ImageFixtures.jpegGray).channels == 1)
    #expect(try Image(decoding: ImageFixtures.jpegGray, channels: 3).channels == 3)
  }
}
