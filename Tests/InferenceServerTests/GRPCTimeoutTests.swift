import InferenceServer
import Testing

@Suite struct GRPCTimeoutTests {
  @Test(arguments: [
    ("300m", Duration.milliseconds(300)), ("1S", .seconds(1)), ("99999999H", .seconds(99_999_999 * 3600)),
    ("2M", .seconds(120)), ("7u", .microseconds(7)), ("0n", .zero),
  ])
  func readsTimeouts(text: String, duration: Duration) {
    #expect(GRPCTimeout.duration(text) == duration)
  }

  @Test(arguments: ["", "S", "1", "-1S", "1.5S", "999999999S", "1d", "one S", "1 S", "18446744073709551616n"])
  func refusesOtherText(text: String) {
    #expect(GRPCTimeout.duration(text) == nil)
  }
}
