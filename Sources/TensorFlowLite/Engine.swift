internal import Foundation
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// A subgraph of a model with the memory that it runs in.
///
/// The interpreter and the runners of the signatures over its subgraph share one, as they do in TFLite: what one writes, the other sees.
final class Engine {
  let interpreter: TFLiteRuntime.Interpreter
  private let inputIndices: [TensorID: Int]

  init(_ interpreter: TFLiteRuntime.Interpreter) {
    self.interpreter = interpreter
    inputIndices = Dictionary(
      interpreter.inputs.enumerated().map { ($1.tensor, $0) }, uniquingKeysWith: { first, _ in first })
  }

  var isAllocated: Bool { interpreter.isAllocated }

  /// Plans memory anew if that is needed; variables are then zero again.
  func allocate() throws(ModelError) {
    guard !isAllocated else { return }
    try interpreter.allocate()
    interpreter.resetVariables()
  }

  func resize(_ input: TensorID, to shape: Tensor.Shape) throws(ModelError) {
    try interpreter.resizeInput(try index(of: input), to: shape.dimensions)
  }

  /// The bytes that an input takes; nil for strings, of which there may be any number.
  func byteCount(of input: TensorID) -> Int? { interpreter.type(of: input).byteCount }

  func write(_ data: Data, to input: TensorID) throws(ModelError) {
    try interpreter.setInput(try index(of: input), bytes: data.bytes)
  }

  private func index(of input: TensorID) throws(ModelError) -> Int {
    guard let index = inputIndices[input] else {
      throw ModelError(.invalidArgument, "tensor \(input.index) is not an input")
    }
    return index
  }

  /// Why a tensor cannot be copied.
  enum TensorFailure: Error {
    case noMemory
    case noDataType
  }

  /// A copy of a tensor, whatever its memory holds.
  func tensor(_ id: TensorID) throws(TensorFailure) -> Tensor {
    guard let bytes = interpreter.bytes(of: id) else { throw .noMemory }
    let type = interpreter.type(of: id)
    guard let dataType = Tensor.DataType(type.element) else { throw .noDataType }
    return Tensor(
      name: interpreter.name(of: id), dataType: dataType, shape: Tensor.Shape(type.shape.dimensions), data: Data(bytes),
      quantizationParameters: QuantizationParameters(type.quantization))
  }
}

extension QuantizationParameters {
  /// nil where there is not exactly one scale, or it is 0.
  fileprivate init?(_ quantization: Quantization) {
    switch quantization {
    case .perTensor(let scale, let zeroPoint) where scale != 0: self.init(scale: scale, zeroPoint: zeroPoint)
    case .perChannel(let scales, let zeroPoints, _) where scales.count == 1 && scales[0] != 0:
      self.init(scale: scales[0], zeroPoint: zeroPoints.first ?? 0)
    default: return nil
    }
  }
}
