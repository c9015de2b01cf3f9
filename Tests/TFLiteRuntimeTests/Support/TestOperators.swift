import Glibc
import Kernels
import Synchronization
import TensorTypes

/// The custom operator of a fixture: adds two tensors of equal shape. Where the first element is negative it works for hours, in small parts.
struct NoSuchOperator: Operator {
  static let definition = OperatorDefinition(custom: "NoSuchOperator")

  init(options: OperatorOptions) {}

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    return [try node.input(0).shape]
  }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      let isSlow = io.input(0, as: Float.self)[0] < 0
      for _ in 0..<(isSlow ? 1_000_000 : 0) { try io.parallel(64) { _ in usleep(200) } }
      let (a, b) = (io.input(0, as: Float.self), io.input(1, as: Float.self))
      var sum = io.output(0, as: Float.self)
      for index in sum.indices { sum[index] = a[index] + b[index] }
    }
  }
}

/// Adds its first input to a variable, its second, and answers the new value.
struct Accumulate: Operator {
  static let definition = OperatorDefinition(custom: "Accumulate")

  init(options: OperatorOptions) {}
  init() {}

  var isPure: Bool { false }

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    return [try node.input(0).shape]
  }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      var state = io.variable(1, as: Float.self)
      for index in state.indices { state[index] += io.input(0, as: Float.self)[index] }
      var output = io.output(0, as: Float.self)
      for index in output.indices { output[index] = state[index] }
    }
  }
}

/// Copies its input after it called a function of the test.
struct Hook: Operator {
  static let definition = OperatorDefinition(custom: "Hook")
  let action: @Sendable (ExecutionContext) -> Void

  init(options: OperatorOptions) { action = { _ in } }
  init(_ action: @escaping @Sendable (ExecutionContext) -> Void) { self.action = action }

  var isPure: Bool { false }

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { [try node.input(0).shape] }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let action = action
    return Kernel { io throws(OperatorError) in
      action(io.context)
      var output = io.output(0, as: Float.self)
      for index in output.indices { output[index] = io.input(0, as: Float.self)[index] }
    }
  }
}

/// A number that several threads may change.
final class Counter: Sendable {
  private let value = Atomic<Int>(0)
  func increment() { value.add(1, ordering: .sequentiallyConsistent) }
  var count: Int { value.load(ordering: .sequentiallyConsistent) }
}
