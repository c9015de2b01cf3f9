import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct NotEqualTests {
  private let checks = ComparisonChecks(operation: NotEqual(options: .defaults), isEquality: true) { $0 != $1 }

  @Test(arguments: ComparisonChecks.plainTypes + [.bool]) func broadcasts(_ element: ElementType) throws {
    try checks.broadcasts(element)
  }

  @Test(arguments: ComparisonChecks.plainTypes) func comparesExtremes(_ element: ElementType) throws {
    try checks.comparesExtremes(element)
  }

  @Test(arguments: [ElementType.int8, .uint8], [(Float(0.5), Float(0.5)), (0.5, 0.125), (0.3, 0.07)])
  func comparesQuantisedIntegersAsRealNumbers(_ element: ElementType, _ scales: (Float, Float)) throws {
    try checks.comparesQuantised(element, scales)
  }

  @Test func refusesOtherOperands() throws { try checks.refusesOtherOperands() }

  @Test func comparesShortIntegersAsRealNumbersWhereQuantised() throws {
    try checks.comparesQuantised(.int16, (0.5, 0.125))
    try checks.comparesQuantised(.int16, (1, 1))
  }

  @Test func takesEveryByteButZeroForTrue() throws {
    let a = try TestTensor([0, 1, 2, 255, 0] as [UInt8], element: .bool)
    let b = try TestTensor([0, 2, 1, 0, 128] as [UInt8], element: .bool)
    #expect(try run(NotEqual(options: .defaults), [a, b], outputs: [(.bool, .none)])[0].bytes == [0, 0, 0, 1, 1])
  }

  @Test func comparesWideIntegersExactly() throws {
    let a = try TestTensor([Int64.max, .max, .min])
    let b = try TestTensor([Int64.max, .max - 1, .min + 1])
    #expect(try run(NotEqual(options: .defaults), [a, b], outputs: [(.bool, .none)])[0].bytes == [0, 1, 1])
  }

  @Test func comparesStrings() throws {
    let a = try TestTensor(strings: ["ab", "", "abc"])
    func differ(_ b: TestTensor) throws -> [UInt8] {
      try run(NotEqual(options: .defaults), [a, b], outputs: [(.bool, .none)])[0].bytes
    }
    #expect(try differ(TestTensor(strings: ["ab", "x", "abd"])) == [0, 1, 1])
    #expect(try differ(TestTensor(strings: ["abc"])) == [1, 1, 0])
    #expect(try differ(TestTensor(strings: ["", "\u{e9}"], [2, 1])) == [1, 0, 1, 1, 1, 1])
    #expect(try differ(TestTensor(strings: [], [0, 1])) == [])
  }

  @Test(arguments: [1, 5, 9, 20, 22]) func refusesStringsThatAreCutOff(_ missing: Int) throws {
    var broken = try TestTensor(strings: ["ab", "x", "abd"])
    broken.bytes.removeLast(missing)
    let a = try TestTensor(strings: ["ab", "", "abc"])
    expectRejection(.malformed, of: NotEqual(options: .defaults), [a, broken], outputs: [(.bool, .none)])
  }
}
