import Foundation
import Kernels
import OperatorLibraries
import TFLiteRuntime
import TensorTypes
import Testing

/// Libraries that answer what they must not.
@Suite struct MisbehavingLibraryTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let kind: ModelError.Kind
    let text: String
    init(_ name: String, _ kind: ModelError.Kind, _ text: String) {
      self.name = name
      self.kind = kind
      self.text = text
    }
    var testDescription: String { name }
  }

  @Test(arguments: [
    Case("FailingCreate", .malformed, "no such options"),
    Case("Negative", .malformed, "the shape [-4]"),
    Case("HighRank", .malformed, "rank 2147483647"),
    Case("Unset", .malformed, "rank -1"),
    Case("Huge", .malformed, "the shape"),
    Case("Large", .limitExceeded, "more than"),
    Case("UnknownStatus", .malformed, "infer answered 77"),
    Case("Silent", .unsupported, "infer failed without saying why"),
    Case("EndlessText", .malformed, "\u{FFFD}"),
    Case("NeedsNothing", .malformed, "input 5"),
    Case("NeedsNegative", .malformed, "input -2147483648"),
    Case("NeedsAlways", .malformed, "input 0"),
    Case("MuchScratch", .malformed, "asks for 18446744073709551615 bytes"),
    Case("MoreThanFits", .limitExceeded, "bytes"),
    Case("ManyBuffers", .malformed, "18446744073709551615 scratch buffers"),
    Case("FailingPrepare", .unsupported, "not today"),
    Case("FailingInvoke", .invalidValue, "index 9 of 4"),
    Case("NeedingInvoke", .malformed, "invoke answered 4"),
    Case("GivingUp", .malformed, "invoke answered 6"),
    Case("WrongLoops", .invalidValue, "all loops answered as they should"),
  ])
  func answersOfOperators(_ test: Case) throws {
    let model = try model(test.name, operators: try table())
    let error = #expect(throws: ModelError.self) {
      let interpreter = try Interpreter(model)
      try interpreter.invoke()
    }
    #expect(error?.kind == test.kind)
    #expect(error?.description.contains(test.text) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: ["Slow", "SlowParallel"], [1, 2]) func cancellation(name: String, threads: Int) throws {
    let interpreter = try Interpreter(try model(name, operators: try table()), options: .init(threads: threads))
    let late = #expect(throws: ModelError.self) { try interpreter.invoke(deadline: .milliseconds(30)) }
    #expect(late?.kind == .deadlineExceeded)
    let canceller = interpreter.canceller
    // Again and again, as the first may come before the invocation.
    Thread.detachNewThread { for _ in 0..<1000 { usleep(5_000); canceller.cancel() } }
    let cancelled = #expect(throws: ModelError.self) { try interpreter.invoke(deadline: .seconds(20)) }
    #expect(cancelled?.kind == .cancelled)
  }

  @Test(arguments: [
    (1, OperatorLibraryError.Kind.notAnOperatorLibrary, "does not export"), (2, .versionMismatch, "version 1"),
    (3, .versionMismatch, "version 1"), (4, .malformed, "0 operators"), (5, .malformed, "operators"),
    (6, .malformed, "without a name"), (7, .malformed, "without a name"), (8, .malformed, "'Idle' must have"),
    (9, .malformed, "unknown flags"), (10, .versionMismatch, "version 2"), (11, .malformed, "two operators 'Twin'"),
    (12, .malformed, "without a name"),
  ])
  func answersOfLibraries(entry: Int, kind: OperatorLibraryError.Kind, text: String) throws {
    let path = try CompiledLibrary.entry(entry)
    let error = #expect(throws: OperatorLibraryError.self) { try OperatorLibrary(path: path) }
    #expect(error?.kind == kind)
    #expect(error?.description.contains(text) == true && error?.path == path, "\(error?.description ?? "")")
  }

  @Test(arguments: ["/no/such/file.so", "libm.so.6", "", "a\0b", "/", #filePath])
  func filesThatAreNoLibraries(path: String) {
    let error = #expect(throws: OperatorLibraryError.self) { try OperatorLibrary(path: path) }
    #expect(error?.kind == .unreadable)
  }
}
