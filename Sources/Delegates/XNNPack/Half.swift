internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// Operators on `float16`. The library has them for processors with instructions for the type; TFLite has no kernels for most of them.
extension XNNPackLibrary {
  /// - Throws: ``Refusal`` where the processor has no `float16` arithmetic.
  static func requireHalf() throws(Refusal) {
    guard hasHalf else { throw Refusal("float16 has no kernels for this processor in this library") }
  }
}

extension ElementwiseOperands {
  typealias HalfSetUp = (
    xnn_operator_t?, Int, UnsafeRawPointer?, UnsafeMutableRawPointer?, pthreadpool_t?
  ) -> xnn_status

  /// The plan of an operator from `float16` to `float16` whose setup function takes a batch size, input and output.
  func half(
    _ setUp: @escaping HalfSetUp,
    create: @escaping (UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status
  ) throws(Refusal) -> OperatorPlan {
    try require(.float16)
    try XNNPackLibrary.requireHalf()
    return unsafe plan(
      create: create,
      setUp: { handle, at in unsafe setUp(handle, 1, at.inputs[0], at.output, at.threadPool) })
  }
}

extension TensorQuantization {
  /// The range of `float16` values that a fused activation leaves; infinite where it leaves all.
  static func halfRange(_ activation: FusedActivation) throws(Refusal) -> ClosedRange<Float> {
    let range = try range(activation)
    let low = range.lowerBound < -65504 ? -Float.infinity : range.lowerBound
    let high = range.upperBound > 65504 ? Float.infinity : range.upperBound
    return low...high
  }
}
