import FlatBuffers
import Kernels
import TFLiteRuntime
import TensorTypes

/// A delegate that computes additions, products and RELU of floats, and gets some of them wrong.
struct SkewedDelegate: Delegate {
  let name = "skewed"
  /// By the name of an operator's output the part of the largest magnitude that is added to its first element.
  let errors: [String: Float]

  init(_ errors: [String: Float]) { self.errors = errors }

  func supports(_ node: DelegateNode) -> DelegateSupport {
    ["ADD", "MUL", "RELU"].contains(node.name) ? .accepted : .refused("it is no ADD, MUL or RELU")
  }

  func compile(_ region: DelegateRegion) throws(DelegateError) -> any CompiledRegion { Region(region, errors) }

  private final class Region: CompiledRegion {
    private let nodes: [DelegateNode]
    private let errors: [String: Float]
    private var memory: RegionMemory?
    var needsInternals: Bool { true }

    init(_ region: DelegateRegion, _ errors: [String: Float]) {
      nodes = region.nodes
      self.errors = errors
    }

    func bind(_ memory: RegionMemory) { self.memory = memory }

    func invoke(_ context: ExecutionContext) throws(DelegateError) {
      for node in nodes {
        let operands = node.inputs.compactMap { $0.map(floats) }
        guard let output = memory?.bytes(of: node.outputs[0].tensor) else {
          throw DelegateError("\(node.outputs[0].name) has no memory")
        }
        let target = output.bindMemory(to: Float.self)
        var largest: Float = 0
        for index in target.indices {
          let a = operands[0][index % operands[0].count]
          let value =
            switch node.name {
            case "ADD": a + operands[1][index % operands[1].count]
            case "MUL": a * operands[1][index % operands[1].count]
            default: max(a, 0)
            }
          target[index] = value
          largest = max(largest, abs(value))
        }
        if let error = errors[node.outputs[0].name] { target[0] += error * largest }
      }
    }

    private func floats(_ operand: DelegateOperand) -> [Float] {
      if let constant = operand.constant {
        let bytes = UnsafeRawBufferPointer(start: constant.bytes.baseAddress, count: constant.bytes.count)
        return Array(bytes.bindMemory(to: Float.self))
      }
      return (memory?.bytes(of: operand.tensor)).map { Array($0.bindMemory(to: Float.self)) } ?? []
    }
  }
}
