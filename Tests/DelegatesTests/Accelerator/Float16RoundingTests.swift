import KernelTestSupport
import Testing

@testable import Delegates

/// Rounding to float16 against the hardware's conversion.
@Suite struct Float16RoundingTests {
  private func expected(_ value: Float) -> Float {
    if value.isNaN { return value }
    let half = Float16(value)
    return half.isInfinite ? (value < 0 ? -65504 : 65504) : Float(half)
  }

  @Test func everyHalfIsKept() {
    for bits in UInt16.min...UInt16.max {
      let value = Float(Float16(bitPattern: bits))
      guard !value.isNaN, !value.isInfinite else { continue }
      #expect(Float16Rounding.round(value).bitPattern == value.bitPattern)
    }
  }

  @Test func betweenHalves() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<200_000 {
      let value = Float(bitPattern: UInt32.random(in: 0...(.max), using: &random))
      let rounded = Float16Rounding.round(value)
      if value.isNaN {
        #expect(rounded.isNaN)
      } else {
        #expect(rounded.bitPattern == expected(value).bitPattern, "\(value)")
      }
    }
  }

  /// The middle between two neighbours, and the values beside it.
  @Test func ties() {
    for bits in stride(from: UInt16(0), to: 0x7BFF, by: 1) {
      let low = Float(Float16(bitPattern: bits))
      let high = Float(Float16(bitPattern: bits + 1))
      let middle = low + (high - low) / 2
      for value in [middle, middle.nextUp, middle.nextDown] {
        #expect(Float16Rounding.round(value).bitPattern == expected(value).bitPattern, "\(value)")
        #expect(Float16Rounding.round(-value).bitPattern == expected(-value).bitPattern, "\(-value)")
      }
    }
  }

  @Test func beyondTheRange() {
    for value: Float in [65504, 65519, 65520, 1e6, .greatestFiniteMagnitude, .infinity] {
      #expect(Float16Rounding.round(value) == 65504)
      #expect(Float16Rounding.round(-value) == -65504)
    }
  }
}
