internal import TensorTypes

struct BasicLSTMCell {
  init(_ node: NodeContext) throws(OperatorError) { throw .unsupported("basic") }
  var outputShapes: [Shape] { [] }
  func kernel(_ node: NodeContext) throws(OperatorError) -> Kernel { throw .unsupported("basic") }
}
