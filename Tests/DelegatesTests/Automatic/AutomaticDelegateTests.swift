import Foundation
import Kernels
import TFLiteRuntime
import Testing

@testable import Delegates

/// Choices by measuring. The delegates differ by milliseconds where one must win, so that no machine is too slow for the test.
@Suite struct AutomaticDelegateTests {
  private func delegate(slow: Set<String>) -> AutomaticDelegate {
    AutomaticDelegate(
      AutomaticOptions(tuningTime: .milliseconds(200), cacheDirectory: nil), candidate: AddingDelegate(slow: slow))
  }

  @Test func theBuiltInKernelsWhereTheyAreFaster() throws {
    let model = try MeasuredModels.chain(["Quick", "Quick"])
    let (output, placement) = try run(model, [1, 5], [delegate(slow: ["Quick"])])
    #expect(output == [3, 7])
    #expect(placement.operators.map(\.delegate) == ["builtin", "builtin"])
    #expect(placement.operators.allSatisfy { $0.reason.hasPrefix("measured: the model takes ") })
  }

  @Test func theDelegateWhereItIsFaster() throws {
    let model = try MeasuredModels.chain(["Slow", "Slow"])
    let (output, placement) = try run(model, [1, 5], [delegate(slow: [])])
    #expect(output == [3, 7])
    #expect(placement.operators.map(\.delegate) == ["adding", "adding"])
    #expect(placement.partitions.count == 1)
  }

  @Test func aMixtureWhereItIsFasterThanBoth() throws {
    let model = try MeasuredModels.chain(["Slow", "Quick", "Slow"])
    let (output, placement) = try run(model, [1, 5], [delegate(slow: ["Quick"])])
    #expect(output == [4, 8])
    #expect(placement.operators.map(\.delegate) == ["adding", "builtin", "adding"])
    #expect(placement.operators[1].reason.contains("with this operator on a built-in kernel"))
  }

  @Test func copiesShareWhatWasMeasured() throws {
    let model = try MeasuredModels.chain(["Slow"])
    let delegate = delegate(slow: [])
    for _ in 0..<3 { _ = try run(model, [1, 5], [delegate]) }
    #expect(delegate.log.events.count == 1)
    // Another number of threads is another question.
    _ = try Interpreter(model, options: .init(threads: 2), delegates: [delegate])
    #expect(delegate.log.events.count == 2)
  }

  @Test func aModelThatCannotBeMeasuredRunsAllTheSame() throws {
    let model = try MeasuredModels.chain(["Fussy"])
    let delegate = delegate(slow: [])
    let (output, placement) = try run(model, [3, 5], [delegate])
    #expect(output == [4, 6])
    #expect(placement.operators.map(\.delegate) == ["builtin"])
    #expect(placement.operators[0].reason.contains("not a three"))
    #expect(delegate.log.events.count == 1)
    guard case .notMeasured = delegate.log.events[0] else {
      Issue.record("\(delegate.log.events)")
      return
    }
  }

  @Test func measuringIsGivenUpInTime() throws {
    let model = try MeasuredModels.chain([String](repeating: "Slow", count: 100))
    let delegate = AutomaticDelegate(
      AutomaticOptions(tuningTime: .milliseconds(1), cacheDirectory: nil), candidate: AddingDelegate())
    let (output, placement) = try run(model, [0, 1], [delegate])
    #expect(output == [100, 101])
    #expect(placement.operators.allSatisfy { $0.delegate == "builtin" && $0.reason.contains("could not be measured") })
  }

  @Test func refusalsOfTheDelegateKeepTheirReason() throws {
    let model = try AcceleratorModels.load(AcceleratorModels.chain([AcceleratorModels.zerosLike]))
    let delegate = AutomaticDelegate(AutomaticOptions(tuningTime: .milliseconds(20), cacheDirectory: nil))
    let (_, placement) = try run(model, [Float](repeating: 1, count: 16), [delegate])
    #expect(placement.operators.map(\.reason) == ["ZEROS_LIKE has no kernel in this library"])
  }

  @Test func requirementsSeeTheChoice() throws {
    let model = try MeasuredModels.chain(["Quick"])
    let interpreter = try Interpreter(
      model, options: .init(requirement: .full), delegates: [delegate(slow: ["Quick"])])
    #expect(throws: ModelError.self) { try interpreter.allocate() }
  }

  @Test func answersNothingBeforeItKnowsTheModel() throws {
    let delegate = AutomaticDelegate(AutomaticOptions(cacheDirectory: nil))
    #expect(delegate.name == "auto")
    let prepared = try delegate.prepared(for: MeasuredModels.chain(["Quick"]))
    #expect(prepared.name == "auto")
  }
}
