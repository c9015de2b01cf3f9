import Delegates
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// What interpreters of one model share.
@Suite struct SharingTests {
  private func packedBytes(_ interpreter: Interpreter) -> Int {
    interpreter.runner.graph.tensors.reduce(0) { $0 + ($1.constant?.packedBytes ?? 0) }
  }

  @Test(arguments: TestModels.digits) func packedWeightsAreShared(name: String) throws {
    let model = try TestModels.load(name)
    let first = try Interpreter(model)
    try first.invoke()
    let bytes = packedBytes(first)
    #expect(bytes > 0)
    let second = try Interpreter(model, options: .init(threads: 2))
    try second.invoke()
    #expect(packedBytes(second) == bytes)
    for (a, b) in zip(first.runner.graph.tensors, second.runner.graph.tensors) { #expect(a.constant === b.constant) }
    #expect(try first.output(0) == second.output(0))
    // Another model of the same file packs its own.
    #expect(packedBytes(try Interpreter(try TestModels.load(name))) == 0)
  }

  @Test func manyThreadsUseOneModel() async throws {
    let model = try TestModels.load("digits_int8")
    let expected = try run(model, value: 7 as Int8)
    try await withThrowingTaskGroup(of: Tensor.self) { group in
      for _ in 0..<8 { group.addTask { try run(model, value: 7 as Int8) } }
      for try await result in group { #expect(result == expected) }
    }
  }

  @Test func interpretersShareAThreadPool() async throws {
    let model = try TestModels.load("digits_float32")
    let pool = ThreadPool(count: 2)
    let expected = try run(model, value: 0.5 as Float)
    try await withThrowingTaskGroup(of: Tensor.self) { group in
      for _ in 0..<4 { group.addTask { try run(model, value: 0.5 as Float, options: .init(threadPool: pool)) } }
      for try await result in group { #expect(result == expected) }
    }
  }
}

private func run<T: TensorScalar>(
  _ model: Model, value: T = 7 as Int8, options: Interpreter.Options = .init()
) throws -> Tensor {
  let interpreter = try Interpreter(model, options: options)
  try interpreter.setInput(0, [T](repeating: value, count: interpreter.inputs[0].type.shape.elementCount))
  var result: Tensor?
  for _ in 0..<5 {
    try interpreter.invoke()
    let output = try interpreter.output(0)
    if let result { try #require(result == output) }
    result = output
  }
  return try #require(result)
}
