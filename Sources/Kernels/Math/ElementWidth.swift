internal import TensorTypes

extension NodeContext {
  /// Checks that an input's elements fill whole bytes.
  func expectWholeBytes(_ index: Int) throws(OperatorError) {
    let element = try input(index).element
    guard element.bitWidth >= 8 else {
      throw .unsupported("\(element) input; elements of whole bytes are supported")
    }
  }
}
