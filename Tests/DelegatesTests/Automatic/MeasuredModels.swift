import Delegates
import Glibc
import Kernels
import ModelTestSupport
import TFLiteRuntime
import TensorTypes

/// Adds 1; its built-in kernel takes five milliseconds.
struct Slow: Operator {
  static let definition = OperatorDefinition(custom: "Slow")
  init(options: OperatorOptions) {}
  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { [try node.input(0).shape] }
  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      usleep(5000)
      let x = io.input(0, as: Float.self)
      var y = io.output(0, as: Float.self)
      for index in y.indices { y[index] = x[index] + 1 }
    }
  }
}

/// Adds 1.
struct Quick: Operator {
  static let definition = OperatorDefinition(custom: "Quick")
  init(options: OperatorOptions) {}
  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { [try node.input(0).shape] }
  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      let x = io.input(0, as: Float.self)
      var y = io.output(0, as: Float.self)
      for index in y.indices { y[index] = x[index] + 1 }
    }
  }
}

/// Adds 1, to threes only.
struct Fussy: Operator {
  static let definition = OperatorDefinition(custom: "Fussy")
  init(options: OperatorOptions) {}
  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] { [try node.input(0).shape] }
  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    Kernel { io throws(OperatorError) in
      let x = io.input(0, as: Float.self)
      var y = io.output(0, as: Float.self)
      guard x[0] == 3 else { throw .invalidValue("not a three") }
      for index in y.indices { y[index] = x[index] + 1 }
    }
  }
}

enum MeasuredModels {
  /// Custom operators one after the other on `float32[1, 2]`.
  static func chain(_ names: [String]) throws -> Model {
    try Model(
      bytes: ModelBuilder.chain(names).bytes(),
      operators: .builtin.adding(Slow.self).adding(Quick.self).adding(Fussy.self))
  }
}

/// Takes the operators above; is slow where it is told to be.
struct AddingDelegate: Delegate {
  let name = "adding"
  var slow: Set<String> = []

  func supports(_ node: DelegateNode) -> DelegateSupport { .accepted }

  func compile(_ region: DelegateRegion) throws(DelegateError) -> any CompiledRegion {
    Region(
      steps: region.nodes.compactMap { node in
        node.inputs[0].map { ($0.tensor, node.outputs[0].tensor, slow.contains(node.name)) }
      })
  }

  final class Region: CompiledRegion {
    private let steps: [(input: TensorID, output: TensorID, isSlow: Bool)]
    private var buffers: [(UnsafeMutableRawBufferPointer, UnsafeMutableRawBufferPointer)] = []

    init(steps: [(TensorID, TensorID, Bool)]) { self.steps = steps }

    var needsInternals: Bool { true }

    func bind(_ memory: RegionMemory) throws(DelegateError) {
      buffers = []
      for step in steps {
        guard let input = memory.bytes(of: step.input), let output = memory.bytes(of: step.output) else {
          throw DelegateError("a tensor has no memory")
        }
        buffers.append((input, output))
      }
    }

    func invoke(_ context: ExecutionContext) throws(DelegateError) { try invoke(context) { _, _, _ in } }

    func invoke(_ context: ExecutionContext, nodeRan: (Int, UInt64, UInt64) -> Void) throws(DelegateError) {
      for (position, step) in steps.enumerated() {
        let start = ExecutionContext.now()
        if step.isSlow { usleep(5000) }
        let (input, output) = buffers[position]
        for offset in stride(from: 0, to: output.count, by: 4) {
          output.storeBytes(
            of: input.load(fromByteOffset: offset, as: Float.self) + 1, toByteOffset: offset, as: Float.self)
        }
        nodeRan(position, start, ExecutionContext.now())
      }
    }
  }
}
