internal import Kernels
package import TensorTypes

// What other interfaces over an interpreter need: tensors by their place in the subgraph, whatever state they are in.

extension Interpreter {
  /// Whether shapes are resolved and memory is planned: false before the first ``allocate()`` and after an input was resized.
  package var isAllocated: Bool { runner.isAllocated }

  /// The type of a tensor of the subgraph, with the shape it has now.
  package func type(of tensor: TensorID) -> TensorType { runner.type(of: tensor) }

  /// A tensor's name in the model.
  package func name(of tensor: TensorID) -> String { runner.graph[tensor].name }

  /// The operators of the graph that is run: the subgraph's after the graph passes.
  package var nodes: [Node] { runner.graph.nodes }

  /// A copy of a tensor's memory as it is, also before anything was computed; of strings, TFLite's layout. nil where it has no memory (yet).
  package func bytes(of tensor: TensorID) -> [UInt8]? {
    guard tensor.index >= 0, tensor.index < runner.graph.tensors.count, let slot = runner.slot(of: tensor) else {
      return nil
    }
    if let strings = slot.stringArray { return strings.layout }
    return unsafe Array(UnsafeRawBufferPointer(start: slot.address, count: slot.byteCount))
  }
}
