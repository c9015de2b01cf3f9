internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// Reads one tensor: type, shape, quantisation and value.
struct TensorReader {
  let record: TensorRecord
  let subgraph: Int
  let tensor: Int
  let tensorCount: Int
  let location: ModelError.Location
  let limits: Limits

  func read(_ constants: inout ConstantReader) throws(ModelError) -> GraphTensor {
    guard let element = ElementType(rawValue: record.type) else {
      throw malformed("element type \(Int8(bitPattern: record.type)) is not in the schema")
    }
    let (shape, signature) = try readShape()
    guard shape.elementCount <= limits.tensorElements,
      element == .string || element.byteCount(of: shape.elementCount) != nil
    else {
      throw ModelError(
        .limitExceeded, "shape \(shape) has more than \(limits.tensorElements) elements", at: location)
    }
    let quantization = try QuantizationReader(
      element: element, shape: shape, tensor: tensor, tensorCount: tensorCount, location: location
    ).read(record.quantization)
    var result = GraphTensor(
      name: record.name, type: TensorType(element: element, shape: shape, quantization: quantization),
      shapeSignature: signature, isVariable: record.isVariable)
    result.isUnsized = record.shapeSignature.isEmpty && record.shape.contains(-1)
    if record.isVariable, element.bitWidth == 0 || element == .resource || element == .variant {
      throw malformed("a variable cannot have element type \(element)")
    }
    guard let value = try constants.bytes(record, at: location) else { return result }
    guard !result.isUnsized else { throw malformed("the shape \(record.shape) of a constant has no size") }
    guard !record.isVariable else { throw malformed("a variable tensor cannot have a constant value") }
    if let sparsity = record.sparsity {
      result.sparsity = try SparsityReader(shape: shape, location: location).read(sparsity)
    }
    result.constant = try constants.constant(
      value, of: result.type, sparsity: result.sparsity, subgraph: subgraph, at: location)
    return result
  }

  /// The shape, and the shape with -1 where the model leaves a dimension open.
  private func readShape() throws(ModelError) -> (Shape, signature: [Int]?) {
    let stored = record.shape.map(Int.init)
    let signature = record.shapeSignature.map(Int.init)
    guard signature.isEmpty || signature.count == stored.count else {
      throw malformed(
        "the shape has \(stored.count) dimensions and its signature has \(signature.count)")
    }
    var dimensions = stored
    var open = stored
    for (axis, dimension) in stored.enumerated() {
      let isOpen = !signature.isEmpty && signature[axis] == -1
      guard signature.isEmpty || signature[axis] >= -1 else {
        throw malformed("dimension \(axis) of the shape signature is \(signature[axis])")
      }
      guard dimension >= 0 || (dimension == -1 && (isOpen || signature.isEmpty)) else {
        throw malformed("dimension \(axis) of the shape is \(dimension)")
      }
      if dimension == -1 { dimensions[axis] = 1 }
      if isOpen || dimension == -1 { open[axis] = -1 }
    }
    guard let shape = Shape(dimensions) else {
      throw malformed("the number of elements of shape \(dimensions) does not fit in an integer")
    }
    return (shape, open == stored && !open.contains(-1) ? nil : open)
  }

  private func malformed(_ message: String) -> ModelError { ModelError(.malformed, message, at: location) }
}
