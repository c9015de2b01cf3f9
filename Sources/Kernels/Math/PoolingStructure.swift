internal import TensorTypes

/// TFLite's C structure `TfLitePoolParams` in the options of a custom operator: padding, stride width and height, window width and height,
/// activation.
package struct PoolingStructure: Sendable {
  package let padding: WindowPadding
  package let strideWidth: Int32
  package let strideHeight: Int32
  /// Of the window; at least 1.
  package let width: Int
  package let height: Int
  package let activation: FusedActivation

  init(_ options: OperatorOptions) throws(OperatorError) {
    let fields = try options.customIntegers(6)
    padding = try OperatorOptions.padding(fields[0])
    (strideWidth, strideHeight) = (fields[1], fields[2])
    guard fields[3] > 0, fields[4] > 0, strideWidth > 0, strideHeight > 0 else {
      throw .malformed("windows of \(fields[4]) by \(fields[3]), \(strideHeight) by \(strideWidth) apart")
    }
    (width, height) = (Int(fields[3]), Int(fields[4]))
    guard let raw = Int8(exactly: fields[5]), let activation = FusedActivation(rawValue: raw) else {
      throw .malformed("\(fields[5]) is not an activation function")
    }
    self.activation = activation
  }
}
