import TFLiteRuntime
import Testing

@testable import Delegates

@Suite struct TuningRecordTests {
  private let counts = [3, 2]

  private func origin(_ subgraph: Int, _ index: Int) -> Node.Origin { Node.Origin(subgraph: subgraph, index: index) }

  @Test func bytesAndBack() {
    let choices: [TuningRecord.Choice] = [
      .builtin, .delegate, .mixed(builtin: [origin(0, 2)]),
      .mixed(builtin: [origin(0, 0), origin(0, 2), origin(1, 1)]),
    ]
    for choice in choices {
      let record = TuningRecord(
        choice: choice, builtinTime: .nanoseconds(1), delegateTime: .milliseconds(5), chosenTime: .seconds(7))
      #expect(TuningRecord(record.bytes, operatorCounts: counts) == record)
      for length in 0..<record.bytes.count {
        #expect(TuningRecord(Array(record.bytes.prefix(length)), operatorCounts: counts) == nil)
      }
      #expect(TuningRecord(record.bytes + [0], operatorCounts: counts) == nil)
    }
    #expect(TuningRecord(choice: .notMeasured("x")).bytes.isEmpty)
  }

  @Test func whatDoesNotFitTheModelIsNoRecord() {
    func bytes(_ origins: [Node.Origin]) -> [UInt8] { TuningRecord(choice: .mixed(builtin: origins)).bytes }
    #expect(TuningRecord(bytes([origin(0, 3)]), operatorCounts: counts) == nil)
    #expect(TuningRecord(bytes([origin(2, 0)]), operatorCounts: counts) == nil)
    #expect(TuningRecord(bytes([origin(1, 0), origin(0, 1)]), operatorCounts: counts) == nil)
    #expect(TuningRecord(bytes([origin(0, 1), origin(0, 1)]), operatorCounts: counts) == nil)
    #expect(TuningRecord(bytes([]), operatorCounts: counts) == nil)
    #expect(TuningRecord(bytes([origin(0, 1)]), operatorCounts: []) == nil)
    var unknown = TuningRecord(choice: .builtin).bytes
    unknown[0] = 3
    #expect(TuningRecord(unknown, operatorCounts: counts) == nil)
  }

  @Test func everyByteMayBeAnything() {
    let good = TuningRecord(choice: .mixed(builtin: [origin(0, 1), origin(1, 0)])).bytes
    for position in good.indices {
      for value in [0, 1, 2, 0x7f, 0x80, 0xff] as [UInt8] {
        var bytes = good
        bytes[position] = value
        guard let record = TuningRecord(bytes, operatorCounts: counts) else { continue }
        if case .mixed(let origins) = record.choice {
          #expect(origins.allSatisfy { $0.index < counts[$0.subgraph] })
        }
        _ = record.builtinTime.millisecondsText
      }
    }
  }

  @Test func durationsForPeople() {
    #expect(Duration.zero.millisecondsText == "0.000 ms")
    #expect(Duration.microseconds(1).millisecondsText == "0.001 ms")
    #expect(Duration.nanoseconds(1_999_500).millisecondsText == "2.000 ms")
    #expect(Duration.seconds(12).millisecondsText == "12000.000 ms")
    #expect(Duration.seconds(-1).wholeNanoseconds == 0)
    #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
  }
}
