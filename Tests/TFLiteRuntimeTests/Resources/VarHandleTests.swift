import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

@Suite struct VarHandleTests {
  /// Whether what is assigned under one name is read under another.
  private func isSame(_ a: (container: String, name: String), _ b: (container: String, name: String)) throws -> Bool {
    let run = try GraphSketch.run {
      $0.assign(try $0.handle(a.name, container: a.container), try $0.constant([Float(1)]))
      $0.assign(try $0.handle(b.name, container: b.container), try $0.constant([Float(2)]))
      return [$0.read(try $0.handle(a.name, container: a.container), [1])]
    }
    try run.invoke()
    return try run.floats(run.runner.graph.outputs[0]) == [2]
  }

  @Test func containerAndNameTogetherAreTheName() throws {
    #expect(try isSame(("", "v"), ("", "v")))
    #expect(try isSame(("c", "v"), ("c", "v")))
    #expect(try !isSame(("", "v"), ("", "w")))
    #expect(try !isSame(("c", "v"), ("d", "v")))
    #expect(try !isSame(("", "v"), ("v", "")))
    #expect(try !isSame(("a", "/b"), ("a/", "b")))
    #expect(try !isSame(("1/a", "b"), ("", "1/a/b")))
  }

  @Test func namesMayBeAnything() throws {
    #expect(try isSame(("", ""), ("", "")))
    #expect(try isSame(("", "größe"), ("", "größe")))
    // Names are not normalised.
    let long = String(repeating: "x", count: 10_000)
    #expect(try !isSame(("", long), ("", long + "x")))
  }

  @Test func handlesAreTheSameForAllThatShareResources() throws {
    let resources = Resources()
    func handles(_ names: [String]) throws -> [Int32] {
      let run = try GraphSketch.run(resources) { sketch in try names.map { try sketch.handle($0) } }
      try run.invoke()
      return try run.runner.graph.outputs.flatMap { try run.values($0, as: Int32.self) }
    }
    let first = try handles(["a", "b", "c"])
    #expect(Set(first).count == 3)
    #expect(try handles(["c", "d", "a"]) == [first[2], 3, first[0]])
  }

  @Test func outputIsOneHandle() throws {
    let operation = try VarHandle(options: .table([0: .string(""), 1: .string("v")]))
    for (shape, element) in [([2], .resource), ([], .float32), ([1], .int64)] as [([Int], ElementType)] {
      try modelError(.malformed, "VAR_HANDLE") {
        try GraphSketch.run { [$0.node(operation, [], shape, element)] }.invoke()
      }
    }
    try modelError(.malformed, "VAR_HANDLE") {
      try GraphSketch.run { [$0.node(operation, [$0.input([])], [], .resource)] }.invoke()
    }
  }
}
