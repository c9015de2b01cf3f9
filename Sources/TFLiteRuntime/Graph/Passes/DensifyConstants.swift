internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// Gives sparse constants their dense form, once for all interpreters of a model. Every operator may then take what a model stores sparsely, and `DENSIFY`
/// copies a constant, which constant folding removes.
struct DensifyConstants {
  let limits: Limits

  /// - Throws: ``ModelError``, `limitExceeded` where dense forms need more than `foldedConstantBytes`.
  func callAsFunction(_ graph: Graph) throws(ModelError) -> Graph {
    guard graph.tensors.contains(where: { $0.sparsity != nil }) else { return graph }
    var result = graph
    var budget = limits.foldedConstantBytes
    for (index, tensor) in graph.tensors.enumerated() {
      guard let sparsity = tensor.sparsity, let constant = tensor.constant else { continue }
      let place = ModelError.Location(tensor: index, tensorName: tensor.name)
      guard tensor.type.element.bitWidth >= 8 else {
        throw ModelError(.unsupported, "a sparse constant of \(tensor.type.element) elements", at: place)
      }
      guard let bytes = tensor.type.byteCount, bytes <= budget else {
        throw ModelError(
          .limitExceeded, "the dense forms of sparse constants need more than \(limits.foldedConstantBytes) bytes",
          at: place)
      }
      budget -= bytes
      do throws(OperatorError) {
        result.tensors[index].constant = Constant(
          try sparsity.dense(constant.bytes, shape: tensor.type.shape, width: tensor.type.element.bitWidth / 8))
      } catch {
        throw ModelError(error, at: place)
      }
      result.tensors[index].sparsity = nil
    }
    return result
  }
}

extension Sparsity {
  /// The values in row-major order, zeros between them.
  ///
  /// - Parameters:
  ///   - values: the stored values, as many as ``storedValueCount`` says.
  ///   - width: bytes of one element.
  func dense(_ values: SharedBytes, shape: Shape, width: Int) throws(OperatorError) -> SharedBytes {
    let total = shape.elementCount * width
    // How far apart, in elements of the result, neighbours along each level are.
    let strides = elementStrides(shape)
    return try unsafe SharedBytes.make(
      count: total, failure: { _ in OperatorError.outOfMemory(bytes: total) }
    ) { target throws(OperatorError) in
      // Where the entries of a level lie in the result, in storage order.
      var offsets = [0]
      for (level, dimension) in dimensions.enumerated() {
        var next: [Int] = []
        switch dimension {
        case .dense(let size):
          next.reserveCapacity(offsets.count * size)
          for offset in offsets {
            for index in 0..<size { next.append(offset + index * strides[level]) }
          }
        case .sparse(let segments, let indices):
          next.reserveCapacity(indices.count)
          for (parent, offset) in offsets.enumerated() {
            for position in segments[parent]..<segments[parent + 1] {
              next.append(offset + indices[position] * strides[level])
            }
          }
        }
        offsets = next
      }
      guard offsets.count * width <= values.count else { throw .malformed("a sparse constant has too few values") }
      for (position, offset) in offsets.enumerated() where offset >= 0 && (offset + 1) * width <= target.count {
        unsafe target.baseAddress?.advanced(by: offset * width).copyMemory(
          from: values.baseAddress + position * width, byteCount: width)
      }
    }
  }

  private func elementStrides(_ shape: Shape) -> [Int] {
    var rowStrides = [Int](repeating: 1, count: shape.rank)
    for axis in stride(from: shape.rank - 2, through: 0, by: -1) {
      rowStrides[axis] = rowStrides[axis + 1] * shape[axis + 1]
    }
    // Blocks are as long as the levels that walk them.
    var blockSizes = [Int](repeating: 1, count: shape.rank)
    for (level, dimension) in traversalOrder.enumerated() where dimension >= shape.rank {
      if case .dense(let size) = dimensions[level] { blockSizes[blockMap[dimension - shape.rank]] = size }
    }
    return traversalOrder.map { dimension in
      dimension < shape.rank
        ? rowStrides[dimension] * blockSizes[dimension] : rowStrides[blockMap[dimension - shape.rank]]
    }
  }
}
