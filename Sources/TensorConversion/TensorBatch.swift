package import TFLiteRuntime
internal import TensorTypes

/// Joins tensors along their first dimension, and takes them apart again.
package enum TensorBatch {
  /// The inputs of several calls as those of one. All calls have as many inputs; shapes differ in the first dimension only.
  ///
  /// - Throws: ``ModelError`` `invalidArgument` when they do not fit together.
  package static func join(_ calls: [[Tensor]]) throws(ModelError) -> [Tensor] {
    guard let first = calls.first else { return [] }
    var joined: [Tensor] = []
    for index in first.indices {
      var dimensions = first[index].type.shape.dimensions
      var rows = 0
      for call in calls { rows += call[index].type.shape.dimensions.first ?? 0 }
      guard !dimensions.isEmpty else { throw Self.noBatch }
      dimensions[0] = rows
      guard let shape = Shape(dimensions) else { throw Self.noBatch }
      let tensor: Tensor?
      if first[index].type.element == .string {
        tensor = Tensor(strings: calls.flatMap { $0[index].strings ?? [] }, shape: dimensions)
      } else {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(calls.reduce(0) { $0 + $1[index].bytes.count })
        for call in calls { bytes += call[index].bytes }
        tensor = Tensor(type: TensorType(element: first[index].type.element, shape: shape), bytes: bytes)
      }
      guard let tensor else { throw Self.noBatch }
      joined.append(tensor)
    }
    return joined
  }

  /// An output of a batch in parts of these sizes.
  ///
  /// - Throws: ``ModelError`` `invalidState` when its first dimension is not their sum.
  package static func split(_ tensor: Tensor, _ sizes: [Int]) throws(ModelError) -> [Tensor] {
    var dimensions = tensor.type.shape.dimensions
    let total = sizes.reduce(0, +)
    guard dimensions.first == total, total > 0 else {
      throw ModelError(
        .invalidState, "an output of shape \(tensor.type.shape) cannot be divided over a batch of \(total)")
    }
    let strings = tensor.strings
    let rowCount = tensor.type.shape.elementCount / total
    let rowBytes = tensor.bytes.count / total
    var parts: [Tensor] = []
    var row = 0
    for size in sizes {
      dimensions[0] = size
      let part: Tensor?
      if let strings {
        part = Tensor(strings: Array(strings[row * rowCount..<(row + size) * rowCount]), shape: dimensions)
      } else {
        part = Shape(dimensions).flatMap {
          Tensor(
            type: tensor.type.with(shape: $0), bytes: Array(tensor.bytes[row * rowBytes..<(row + size) * rowBytes]))
        }
      }
      guard let part else { throw Self.noBatch }
      parts.append(part)
      row += size
    }
    return parts
  }

  private static var noBatch: ModelError { ModelError(.invalidArgument, "the inputs cannot be joined to a batch") }
}
