internal import TensorTypes

// MARK: Shaped access without copies

extension Interpreter {
  /// An input's memory with its shape, to be written in place before ``invoke(deadline:)``. Allocates if that is needed. Valid until the interpreter
  /// is resized or allocated anew.
  ///
  /// - Parameters:
  ///   - index: which of them, from 0.
  ///   - scalar: the element type, which must be the tensor's.
  ///   - shape: what the shape must be, nil for dimensions that may be anything; nil for any shape.
  /// - Throws: ``ModelError`` when there is no such input, or its element type or shape is another.
  @_lifetime(borrow self)
  public func inputView<T: TensorScalar>(
    _ index: Int, as scalar: T.Type = T.self, shape: [Int?]? = nil
  ) throws(ModelError) -> MutableTensorView<T> {
    let elements = try input(index, as: T.self)
    let type = try expect(shape, try inputID(index), "input \(index)")
    guard let view = MutableTensorView(elements, shape: type.shape) else { throw sizeMismatch("input \(index)", type) }
    return view
  }

  /// An output's memory with its shape, to be read in place after ``invoke(deadline:)``. Valid until the next invocation, resize or allocation.
  ///
  /// - Parameters:
  ///   - index: which of them, from 0.
  ///   - scalar: the element type, which must be the tensor's.
  ///   - shape: what the shape must be, nil for dimensions that may be anything; nil for any shape.
  /// - Throws: ``ModelError`` when there is no such output, its element type or shape is another, or nothing was computed yet.
  @_lifetime(borrow self)
  public func outputView<T: TensorScalar>(
    _ index: Int, as scalar: T.Type = T.self, shape: [Int?]? = nil
  ) throws(ModelError) -> TensorView<T> {
    let elements = try output(index, as: T.self)
    let type = try expect(shape, try outputID(index), "output \(index)")
    guard let view = TensorView(elements, shape: type.shape) else { throw sizeMismatch("output \(index)", type) }
    return view
  }

  private func expect(_ shape: [Int?]?, _ id: TensorID, _ what: String) throws(ModelError) -> TensorType {
    let type = runner.type(of: id)
    guard let shape else { return type }
    let fits =
      shape.count == type.shape.rank && zip(shape, type.shape.dimensions).allSatisfy { $0 == nil || $0 == $1 }
    guard fits else {
      let expected = shape.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
      throw ModelError(
        .invalidArgument, "\(what) has the shape \(type.shape), not [\(expected)]",
        at: .init(tensor: id.index, tensorName: runner.graph[id].name))
    }
    return type
  }

  private func sizeMismatch(_ what: String, _ type: TensorType) -> ModelError {
    ModelError(.invalidState, "\(what) does not have the memory of \(type)")
  }
}
