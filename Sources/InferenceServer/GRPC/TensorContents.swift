internal import InferenceProtocol
internal import TFLiteRuntime
internal import TensorTypes

extension NamedTensor {
  /// A tensor from the typed contents of a message.
  ///
  /// - Throws: ``ServingError`` when there are more or fewer elements than the shape asks for, or values that the type does not hold.
  init(
    name: String, datatype: Datatype, shape dimensions: [Int], contents: Inference_InferTensorContents
  ) throws(ServingError) {
    let shape = try Shape(requested: dimensions, of: name)
    func tensor<T: TensorScalar>(_ values: [T]) throws(ServingError) -> Tensor {
      guard let tensor = Tensor(values, shape: dimensions) else { throw wrongCount(values.count) }
      return tensor
    }
    func wrongCount(_ count: Int) -> ServingError {
      ServingError(
        .invalidArgument,
        "unexpected number of elements for input '\(name)': the shape \(dimensions.protocolText) has "
          + "\(shape.elementCount), the contents field of \(datatype.rawValue) has \(count)")
    }
    func narrowed<Wide: FixedWidthInteger, T: FixedWidthInteger & TensorScalar>(
      _ values: [Wide], to: T.Type
    ) throws(ServingError) -> Tensor {
      var result: [T] = []
      result.reserveCapacity(values.count)
      for value in values {
        guard let narrow = T(exactly: value) else {
          throw ServingError(.invalidArgument, "\(value) in input '\(name)' is not \(datatype.rawValue)")
        }
        result.append(narrow)
      }
      return try tensor(result)
    }
    let found: Tensor
    switch datatype {
    case .bool: found = try tensor(contents.boolContents)
    case .int8: found = try narrowed(contents.intContents, to: Int8.self)
    case .int16: found = try narrowed(contents.intContents, to: Int16.self)
    case .int32: found = try tensor(contents.intContents)
    case .int64: found = try tensor(contents.int64Contents)
    case .uint8: found = try narrowed(contents.uintContents, to: UInt8.self)
    case .uint16: found = try narrowed(contents.uintContents, to: UInt16.self)
    case .uint32: found = try tensor(contents.uintContents)
    case .uint64: found = try tensor(contents.uint64Contents)
    case .fp32: found = try tensor(contents.fp32Contents)
    case .fp64: found = try tensor(contents.fp64Contents)
    case .bytes:
      guard let strings = Tensor(strings: contents.bytesContents.map { Array($0) }, shape: dimensions) else {
        throw wrongCount(contents.bytesContents.count)
      }
      found = strings
    case .fp16, .bf16:
      throw ServingError(
        .invalidArgument, "\(datatype.rawValue) has no contents field; send input '\(name)' in raw_input_contents")
    }
    self.init(name: name, datatype: datatype, tensor: found)
  }
}
