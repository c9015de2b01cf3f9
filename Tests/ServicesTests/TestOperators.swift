import Glibc
import Kernels
import ModelTestSupport
import Synchronization
import TFLiteRuntime
import TensorTypes

/// Adds 1, after as many milliseconds as its input says; looks out for cancellation all the time.
struct Wait: Operator {
  static let definition = OperatorDefinition(custom: "Wait")
  init(options: OperatorOptions) {}

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { [try node.input(0).shape] }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      let x = io.input(0, as: Float.self)
      var y = io.output(0, as: Float.self)
      for _ in 0..<Int(x[0]) {
        try io.context.checkStop()
        usleep(1000)
      }
      for index in y.indices { y[index] = x[index] + 1 }
    }
  }
}

/// Copies its input and takes two milliseconds, whatever happens.
struct Deaf: Operator {
  static let definition = OperatorDefinition(custom: "Deaf")
  init(options: OperatorOptions) {}

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { [try node.input(0).shape] }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      usleep(2000)
      let x = io.input(0, as: Float.self)
      var y = io.output(0, as: Float.self)
      for index in y.indices { y[index] = x[index] }
    }
  }
}

/// Adds its input to a variable and answers the sum.
struct Accumulate: Operator {
  static let definition = OperatorDefinition(custom: "Accumulate")
  init(options: OperatorOptions) {}

  var isPure: Bool { false }

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { [try node.input(0).shape] }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      let x = io.input(0, as: Float.self)
      var sum = io.variable(1, as: Float.self)
      var y = io.output(0, as: Float.self)
      for index in y.indices {
        sum[index] += x[index]
        y[index] = sum[index]
      }
    }
  }
}

enum TestModel {
  private static var operators: OperatorTable { .builtin.adding(Wait.self).adding(Deaf.self).adding(Accumulate.self) }

  /// A chain of one custom operator on `[-1, 2]` floats, `x` to `y`.
  static func chain(_ name: String, length: Int = 1) throws -> Model {
    let chain = ModelBuilder.chain([String](repeating: name, count: length), hasBatches: true)
    return try Model(bytes: chain.bytes(), operators: operators)
  }

  /// `y = sum of all x so far`.
  static func accumulate() throws -> Model {
    var model = ModelBuilder()
    let code = model.code(32, custom: "Accumulate")
    var graph = ModelBuilder.Subgraph()
    let x = graph.tensor([2], name: "x")
    let sum = graph.tensor([2], name: "sum", [5: .bool(true)])
    let y = graph.tensor([2], name: "y")
    graph.node(code, [x, sum], [y])
    graph.inputs = [x]
    graph.outputs = [y]
    model.subgraphs = [graph]
    return try Model(bytes: model.bytes(), operators: operators)
  }
}

/// A number that many tasks count up.
final class Counter: Sendable {
  private let state = Mutex((now: 0, most: 0))
  var most: Int { state.withLock { $0.most } }
  func enter() {
    state.withLock {
      $0.now += 1
      $0.most = max($0.most, $0.now)
    }
  }
  func leave() { state.withLock { $0.now -= 1 } }
}

/// What happened, in order.
final class Log: Sendable {
  private let state = Mutex<[Int]>([])
  var entries: [Int] { state.withLock { $0 } }
  func append(_ entry: Int) { state.withLock { $0.append(entry) } }
}

func isModelError(_ error: any Error, _ kind: ModelError.Kind) -> Bool { (error as? ModelError)?.kind == kind }
