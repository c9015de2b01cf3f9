internal import Testing

@testable import ImageFiles

@Suite struct MalformedImageTests {
  @Test func `what is neither PNG nor JPEG is refused`() {
    for bytes in [[], [0x89], Array("GIF89a".utf8), Array("RIFF....WEBP".utf8), [0xFF, 0xD8]] {
      #expect(throws: ImageError.unknownFormat) { try Image(decoding: bytes) }
    }
  }

  @Test func `a file that is only its first bytes is refused`() {
    #expect(throws: ImageError.self) { try Image(decoding: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) }
    #expect(throws: ImageError.self) { try Image(decoding: [0xFF, 0xD8, 0xFF]) }
    #expect(throws: ImageError.self) { try Image(decoding: [0xFF, 0xD8, 0xFF, 0xD9]) }
  }

  @Test(arguments: [
    ImageFixtures.rgb, ImageFixtures.rgba, ImageFixtures.gray16, ImageFixtures.palette,
    ImageFixtures.paletteTransparent,
    ImageFixtures.interlaced,
  ])
  func `a PNG that is cut off or has a changed byte never traps`(file: [UInt8]) {
    for position in file.indices {
      #expect(throws: ImageError.self) { try Image(decoding: Array(file[..<position])) }
      for change in [0x01, 0x80, 0xFF, 0x20] as [UInt8] {
        var changed = file
        changed[position] ^= change
        _ = try? Image(decoding: changed)
      }
    }
  }

  @Test(arguments: [
    ImageFixtures.jpeg, ImageFixtures.jpegProgressive, ImageFixtures.jpegGray, ImageFixtures.jpegCMYK,
  ])
  func `a JPEG that is cut off or has a changed byte never traps`(file: [UInt8]) {
    for position in file.indices {
      // Of the end marker's two bytes the last one tells no more than the first.
      if position < file.count - 2 {
        #expect(throws: ImageError.self) { try Image(decoding: Array(file[..<position])) }
      }
      for change in [0x01, 0x80, 0xFF] as [UInt8] {
        var changed = file
        changed[position] ^= change
        _ = try? Image(decoding: changed)
      }
    }
  }

  @Test func `declared dimensions are compared with the limit and the file before memory is taken`() throws {
    #expect(throws: ImageError.tooLarge(width: 5, height: 7, maximumPixels: 34)) {
      try Image(decoding: ImageFixtures.rgb, maximumPixels: 34)
    }
    #expect(throws: Never.self) { try Image(decoding: ImageFixtures.rgb, maximumPixels: 35) }

    let huge = png(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF)
    #expect(throws: ImageError.tooLarge(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF, maximumPixels: 1 << 26)) {
      try Image(decoding: huge)
    }
    #expect(throws: ImageError.self) { try Image(decoding: huge, maximumPixels: .max) }
    let large = png(width: 8000, height: 8000)
    #expect(throws: ImageError.truncated(format: .png, width: 8000, height: 8000, byteCount: large.count)) {
      try Image(decoding: large)
    }

    var jpeg = ImageFixtures.jpeg
    // The start of frame: marker, length, precision, height, width.
    let frame = try #require(jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
    #expect(throws: ImageError.tooLarge(width: 65500, height: 65500, maximumPixels: 1 << 26)) {
      try Image(decoding: jpeg)
    }
    #expect(throws: ImageError.truncated(format: .jpeg, width: 65500, height: 65500, byteCount: jpeg.count)) {
      try Image(decoding: jpeg, maximumPixels: .max)
    }
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0, 0, 0, 0])
    #expect(throws: ImageError.self) { try Image(decoding: jpeg) }
    #expect(throws: ImageError.self) { try Image(decoding: png(width: 0, height: 1)) }
  }

  @Test func `errors say what is wrong`() {
    #expect {
      try Image(decoding: Array(ImageFixtures.rgb.dropLast(20)))
    } throws: {
      "\($0)" == "the PNG image cannot be decoded: the file ends early"
    }
    #expect {
      try Image(decoding: Array(ImageFixtures.jpeg.dropLast(20)))
    } throws: {
      "\($0)" == "the JPEG image cannot be decoded: Premature end of JPEG file"
    }
  }

  /// A PNG of 8-bit RGB that declares a size, with an empty image.
  private func png(width: UInt32, height: UInt32) -> [UInt8] {
    func bigEndian(_ value: UInt32) -> [UInt8] {
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
    func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
      let checked = Array(type.utf8) + content
      return bigEndian(UInt32(content.count)) + checked + bigEndian(crc32(checked))
    }
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", bigEndian(width) + bigEndian(height) + [8, 2, 0, 0, 0])
      + chunk("IDAT", [0x78, 0x9C, 0x03, 0, 0, 0, 0, 1]) + chunk("IEND", [])
  }

  private func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { (sum, byte) in
      (0..<8).reduce(sum ^ UInt32(byte)) { (value, _) in value >> 1 ^ (value & 1) * 0xEDB8_8320 }
    }
  }
}
