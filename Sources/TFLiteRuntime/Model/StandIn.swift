public final class Model: Sendable {
  public let subgraphs: [Graph]
  public let signatures: [Signature]
  public let limits: Limits
  let compiledGraphs = CompiledGraphs()
  init() { subgraphs = []; signatures = []; limits = .standard }
}
public struct Signature: Sendable {
  public let key: String; public let subgraph: Int
  public struct Binding: Sendable { public let name: String; public let tensor: TensorID }
  public let inputs: [Binding]; public let outputs: [Binding]
}
