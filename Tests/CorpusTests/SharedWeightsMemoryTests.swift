import Delegates
import Foundation
import TFLiteRuntime
import TensorTypes
import Testing

/// What interpreters of one model need on XNNPACK, beside interpreters that have a model each. Prints both.
@Suite(.serialized, .enabled(if: Corpus.isThere, Corpus.missing)) struct SharedWeightsMemoryTests {
  private static let count = 8

  /// Bytes of this process that are in memory.
  private func residentBytes() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    return try #require(Int(text.split(separator: " ")[1])) * sysconf(Int32(_SC_PAGESIZE))
  }

  /// The growth of the process while this makes and runs interpreters.
  private func growth(_ model: () throws -> Model) throws -> [Int] {
    let start = try residentBytes()
    var interpreters: [Interpreter] = []
    var result: [Int] = []
    for _ in 0..<Self.count {
      let interpreter = try Interpreter(try model(), delegates: [.xnnpack()])
      try interpreter.invoke()
      interpreters.append(interpreter)
      result.append(try residentBytes() - start)
    }
    return result
  }

  @Test func `interpreters of one model`() throws {
    let path = Corpus.path("models", "timm_resnet18_a1_in1k", "model.tflite")
    let model = try Model(contentsOf: path)
    let shared = try growth { model }
    let apart = try growth { try Model(contentsOf: path) }
    func megabytes(_ values: [Int]) -> String {
      values.map { String(format: "%.1f", Double($0) / 1e6) }.joined(separator: " ")
    }
    Corpus.report(
      """
      ResNet-18 on XNNPACK, megabytes after 1 to \(Self.count) interpreters that ran once
        of one model:        \(megabytes(shared))
        of a model for each: \(megabytes(apart))
      """)
    // The weights are 47 MB.
    #expect(shared[Self.count - 1] - shared[0] < 30_000_000 * (Self.count - 1))
  }
}
