package import JSONText
internal import TFLiteRuntime
internal import TensorConversion
internal import TensorTypes

extension NamedTensor {
  /// A tensor from the `data` of a JSON request: its elements in row-major order, flat or nested.
  ///
  /// - Throws: ``ServingError`` when there are more or fewer than the shape asks for, or one is not of the type.
  package init(
    name: String, datatype: Datatype, shape dimensions: [Int], json bytes: [UInt8], range: Range<Int>
  ) throws(ServingError) {
    let shape = try Shape(requested: dimensions, of: name)
    let elements: JSONElements
    do throws(JSONElements.Failure) {
      var reader = JSONReader(bytes, range: range)
      guard reader.peek() == UInt8(ascii: "[") else { throw .text(JSONError("expected an array", at: reader.offset)) }
      elements = try JSONElements(datatype.element, bytes, range: range, maximumCount: shape.elementCount)
    } catch {
      switch error {
      case .text(let error):
        throw ServingError(.invalidArgument, "Unable to parse 'data' of input '\(name)': \(error)")
      case .tooMany: throw Self.wrongCount
      case .noForm:
        throw ServingError(
          .invalidArgument, "\(datatype.rawValue) has no JSON form; send input '\(name)' as binary data")
      }
    }
    guard let tensor = elements.tensor.reshaped(shape) else { throw Self.wrongCount }
    self.init(name: name, datatype: datatype, tensor: tensor)
  }

  private static var wrongCount: ServingError {
    ServingError(.invalidArgument, "Unable to parse 'data': Shape does not match true shape of 'data' field")
  }

  /// Writes the elements as a flat array. Only types with a JSON form may be written.
  package func writeJSON(_ writer: inout JSONWriter) { tensor.writeJSON(&writer, nested: false) }
}
