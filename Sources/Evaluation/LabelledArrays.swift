package import TFLiteRuntime
internal import TensorConversion
package import TensorFiles
package import TensorTypes

/// Samples of an `.npz` file: an array of inputs whose first dimension is the sample, and an array of as many integers, their classes.
///
/// Inputs are stored as `images`, `inputs`, `x` or `data`, or under the input's name, classes as `labels`, `label`, `targets` or `y`. Bytes are
/// pixels; real numbers are what the input takes, or stand for what a quantised input takes; other elements are of the input's type.
package struct LabelledArrays: LabelledSamples {
  private let inputs: NumpyArray
  private let inputName: String
  private let labels: [Int]
  private let pixels: PixelConversion
  private let sampleCount: Int

  package init(
    _ archive: NumpyArchive, inputNames: [String], pixels: PixelConversion
  ) throws {
    let (name, inputs) = try Self.find(inputNames + ["images", "inputs", "x", "data"], archive, "of samples")
    let (labelName, labels) = try Self.find(["labels", "label", "targets", "y"], archive, "of classes")
    guard let first = inputs.shape.first else {
      throw EvaluationError(.dataset, "array '\(name)' has no dimensions; the first one is the sample's number")
    }
    guard let numbers = labels.integers else {
      throw EvaluationError(
        .dataset, "array '\(labelName)' has type \(labels.type.descriptor); classes are integers")
    }
    guard labels.shape.filter({ $0 != 1 }).count <= 1, numbers.count == first else {
      throw EvaluationError(
        .dataset,
        "array '\(labelName)' of shape \(labels.shape) does not have one class for each of the \(first) samples of '\(name)'"
      )
    }
    self.inputs = inputs
    self.labels = numbers
    self.pixels = pixels
    inputName = name
    sampleCount = first
  }

  package var count: Int { sampleCount }

  package func label(_ index: Int) -> Int { labels[index] }

  package func sample(_ index: Int, _ type: TensorType) throws -> Tensor {
    let shape = Array(inputs.shape.dropFirst())
    let wanted = Array(type.shape.dimensions.dropFirst())
    // Dimensions of 1 may be written or not.
    guard shape.filter({ $0 != 1 }) == wanted.filter({ $0 != 1 }) else {
      throw EvaluationError(
        .dataset, "array '\(inputName)' has samples of shape \(shape); the model takes \(wanted)")
    }
    let size = inputs.bytes.count / max(sampleCount, 1)
    let bytes = Array(inputs.bytes[index * size..<(index + 1) * size])
    if inputs.type == .uint8 {
      switch type.element {
      case .float32, .float16, .uint8, .int8, .int16: return try pixels.tensor(bytes, type)
      default: break
      }
    }
    let array = try NumpyArray(type: inputs.type, shape: type.shape.dimensions, bytes: bytes)
    if let tensor = Tensor(array, as: type.element) { return tensor }
    for element in [ElementType.float32, .float64, .float16] {
      guard let values = Tensor(array, as: element)?.realValues, let tensor = Tensor(real: values, type: type) else {
        continue
      }
      return tensor
    }
    throw EvaluationError(
      .dataset, "array '\(inputName)' has type \(inputs.type.descriptor); the model takes \(type.element)")
  }

  private static func find(
    _ names: [String], _ archive: NumpyArchive, _ what: String
  ) throws -> (String, NumpyArray) {
    guard let name = names.first(where: { archive.index(of: $0) != nil }) else {
      let wanted = names.filter { !$0.isEmpty }.map { "'\($0)'" }.joined(separator: ", ")
      let found = archive.names.map { "'\($0)'" }.joined(separator: ", ")
      throw EvaluationError(
        .dataset,
        "the data set has no array \(what): wanted one of \(wanted), found \(found.isEmpty ? "none" : found)")
    }
    return (name, try archive.array(named: name))
  }
}

extension NumpyArray {
  /// Elements of an integer type; nil for other types. What an `Int` cannot hold becomes the largest one.
  fileprivate var integers: [Int]? {
    func read<T: FixedWidthInteger & NumpyScalar>(_: T.Type) -> [Int]? {
      elements(as: T.self)?.map { Int(clamping: $0) }
    }
    return switch type {
    case .int8: read(Int8.self)
    case .int16: read(Int16.self)
    case .int32: read(Int32.self)
    case .int64: read(Int64.self)
    case .uint8: read(UInt8.self)
    case .uint16: read(UInt16.self)
    case .uint32: read(UInt32.self)
    case .uint64: read(UInt64.self)
    default: nil
    }
  }
}
