package import TFLiteRuntime
package import TensorTypes

/// Samples of which the class is known.
package protocol LabelledSamples {
  var count: Int { get }

  /// The class of a sample.
  func label(_ index: Int) -> Int

  /// A sample as the elements of an input; `type` is the input's, with a first dimension of 1.
  func sample(_ index: Int, _ type: TensorType) throws -> Tensor
}
