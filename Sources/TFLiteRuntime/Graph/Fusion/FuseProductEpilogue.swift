internal import Kernels
internal import TensorTypes

/// A product with `float32` results, and elementwise operators of which each is the only reader of the one before.
struct FuseProductEpilogue: FusionPass {
  /// Operators after the product.
  static let limit = 8

  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    guard let follower = Follower(position, graph) else { return false }
    for through in follower.candidates(graph) {
      guard let first = through.producer, let result = graph.output(first),
        graph.shape(result).elementCount == graph.shape(follower.output).elementCount
      else { continue }
      let inputs = graph.entries[first]?.node.inputs ?? []
      let product: any Operator
      var stages: [ElementwiseStage] = []
      var productInputs = inputs.count
      var productOutput = graph.type(result)
      var name = graph.entries[first]?.node.name ?? ""
      if let earlier = graph.operation(first, ProductEpilogue.self) {
        product = earlier.product
        stages = earlier.stages
        productInputs = earlier.productInputs
        productOutput = earlier.productOutput
      } else {
        guard let operation = graph.operation(first), Self.isProduct(operation), graph.isFloat(result) else { continue }
        product = operation
      }
      // An input that is left out has no number in a fused step.
      let given = inputs.compactMap { $0 }
      guard given.count == inputs.count || inputs.dropLast().allSatisfy({ $0 != nil }) else { continue }
      if given.count < inputs.count { productInputs = min(productInputs, given.count) }
      guard stages.count < Self.limit, product is Conv2D == false || given.count >= 3,
        let addition = follower.stage(through.index, operand: given.count, graph)
      else { continue }
      stages += addition.list
      let operation = ProductEpilogue(
        product, productInputs: productInputs, productOutput: productOutput, stages: stages,
        shape: graph.shape(follower.output))
      for stage in addition.list { name += " + \(stage.name)" }
      if graph.replace(
        position, and: [first] + through.reshapes, by: operation,
        inputs: given + (addition.operand == nil ? [] : [follower.inputs[1 - through.index]]), name: name)
      {
        return true
      }
    }
    return false
  }

  private static func isProduct(_ operation: any Operator) -> Bool {
    switch operation {
    case is Conv2D, is DepthwiseConv2D, is BatchMatMul: true
    case let product as FullyConnected: !product.isShuffled
    default: false
    }
  }
}
