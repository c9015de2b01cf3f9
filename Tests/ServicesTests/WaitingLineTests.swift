import Testing

@testable import TFLiteRuntime

@Suite struct WaitingLineTests {
  /// The same steps on an array.
  @Test(arguments: 0..<20) func isALine(seed: Int) {
    var generator = SystemRandomNumberGenerator()
    var line = WaitingLine<Int>()
    var expected: [Int] = []
    for ticket in 0..<2000 {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: #expect(line.popFirst() == (expected.isEmpty ? nil : expected.removeFirst()))
      case 1:
        let chosen = Int.random(in: 0...ticket, using: &generator)
        let index = expected.firstIndex(of: chosen)
        #expect(line.remove(ticket: UInt64(chosen)) == index.map { expected.remove(at: $0) })
      default:
        line.append(ticket, ticket: UInt64(ticket))
        expected.append(ticket)
      }
      #expect(line.count == expected.count)
    }
    #expect(line.removeAll() == expected)
    #expect(line.count == 0 && line.popFirst() == nil)
  }
}
