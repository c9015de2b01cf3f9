internal import JSONText
internal import TFLiteRuntime
internal import TensorConversion
internal import TensorFiles
internal import TensorTypes

/// What a record must hold for a model.
struct RecordInputs {
  private let inputs: [Interpreter.TensorDescription]

  /// The inputs as the model file has them, before any of them was resized.
  init(_ inputs: [Interpreter.TensorDescription]) { self.inputs = inputs }

  /// A record's tensors in the order of the model's inputs.
  struct Content {
    /// The record's own name, as JSON; nil where it has none.
    var id: [UInt8]?
    var tensors: [Tensor] = []
  }

  // MARK: JSON

  /// Reads a line.
  ///
  /// - Parameter content: receives the `id` even when the rest is wrong.
  func read(json line: [UInt8], into content: inout Content) throws(RecordError) {
    do throws(JSONError) {
      var reader = JSONReader(line)
      switch reader.peek() {
      case nil: throw JSONError("the line is empty", at: 0)
      case UInt8(ascii: "{"): try members(of: line, into: &content)
      default:
        guard inputs.count == 1 else {
          throw JSONError("expected an object with the members \(wanted)", at: 0)
        }
        content.tensors = [try tensor(line, 0..<line.count, 0)]
      }
    } catch {
      throw RecordError(error.offset < 0 ? error.message : "\(error)")
    }
  }

  private func members(of line: [UInt8], into content: inout Content) throws(JSONError) {
    let takesID = !inputs.contains { $0.name == "id" || $0.tensorName == "id" }
    let names = Set(inputs.flatMap { [$0.name, $0.tensorName] })
    guard let members = try JSONReader.document(line, unread: names).members else { return }
    var ranges = [Range<Int>?](repeating: nil, count: inputs.count)
    if takesID, let member = members.first(where: { $0.name == "id" }) {
      switch member.value {
      case .string(let text):
        var writer = JSONWriter()
        writer.string(text)
        content.id = writer.bytes
      case .integer(let value): content.id = Array(String(value).utf8)
      case .null: break
      default: throw wrong("'id' is a string or an integer")
      }
    }
    for member in members where !(takesID && member.name == "id") {
      guard case .unread(let range) = member.value, let index = index(member.name) else {
        throw wrong("there is no input '\(member.name)'; the model takes \(wanted)")
      }
      guard ranges[index] == nil else { throw wrong("input '\(inputs[index].name)' is given twice") }
      ranges[index] = range
    }
    var tensors: [Tensor] = []
    for (index, range) in ranges.enumerated() {
      guard let range else { throw wrong("input '\(inputs[index].name)' is missing") }
      tensors.append(try tensor(line, range, index))
    }
    content.tensors = tensors
  }

  /// A tensor from an array, a value, or an object with `shape` and `data`.
  private func tensor(_ line: [UInt8], _ range: Range<Int>, _ index: Int) throws(JSONError) -> Tensor {
    let input = inputs[index]
    var reader = JSONReader(line, range: range)
    var data = range
    var explicit: [Int]?
    if reader.peek() == UInt8(ascii: "{") {
      let object = try JSONReader.document(line, range: range, unread: ["data"])
      guard case .unread(let found)? = object["data"], let dimensions = object["shape"]?.array,
        object.members?.count == 2
      else { throw wrong("input '\(input.name)' is neither an array nor an object of 'shape' and 'data'") }
      let shape = dimensions.compactMap(\.integer)
      guard shape.count == dimensions.count else {
        throw wrong("the shape of input '\(input.name)' is not of integers")
      }
      data = found
      explicit = shape
    }
    do throws(JSONElements.Failure) {
      let elements = try JSONElements(input.type.element, line, range: data)
      guard let found = explicit ?? elements.shape else {
        throw .text(wrong("the arrays of input '\(input.name)' differ in length"))
      }
      let isFlat = explicit == nil && elements.shape?.count == 1
      guard let shape = shape(found, isFlat: isFlat, of: input), let tensor = elements.tensor.reshaped(shape) else {
        if let explicit, Shape(explicit)?.elementCount != elements.tensor.type.shape.elementCount {
          throw .text(
            wrong("input '\(input.name)' has \(elements.tensor.type.shape.elementCount) elements, not \(explicit)"))
        }
        throw .text(wrong(wrongShape(found, input)))
      }
      return tensor
    } catch {
      switch error {
      case .text(let error): throw error
      case .tooMany, .noForm: throw wrong("input '\(input.name)' of \(input.type.element) has no JSON form")
      }
    }
  }

  /// An error that needs no place in the text.
  private func wrong(_ message: String) -> JSONError { JSONError(message, at: -1) }

  private func index(_ name: String) -> Int? {
    inputs.firstIndex { $0.name == name } ?? inputs.firstIndex { $0.tensorName == name }
  }

  private var wanted: String { inputs.map { "'\($0.name)'" }.joined(separator: ", ") }

  // MARK: NumPy

  /// The tensors of an `.npy` or `.npz` file. Arrays are found as `tflite run` finds them.
  func read(npz bytes: [UInt8], maximumBytes: Int) throws(RecordError) -> [Tensor] {
    var limits = TensorFileLimits()
    limits.maximumArrayBytes = maximumBytes
    do throws(TensorFileError) {
      if bytes.starts(with: [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) {
        guard inputs.count == 1 else {
          throw TensorFileError(
            file: "record", reason: .invalidArgument, message: "a single array for the inputs \(wanted)")
        }
        return [try tensor(try NumpyArray(npy: bytes, name: "record", limits: limits), 0)]
      }
      let archive = try NumpyArchive(npz: bytes, name: "record", limits: limits)
      var tensors: [Tensor] = []
      for (index, input) in inputs.enumerated() {
        let names = [input.tensorName, input.name, "\(index)", "in\(index)"]
        guard let place = names.lazy.compactMap({ archive.index(of: $0) }).first else {
          throw TensorFileError(
            file: "record", reason: .missingEntry, message: "no array for input '\(input.name)'")
        }
        tensors.append(try tensor(try archive.array(at: place), index))
      }
      return tensors
    } catch {
      throw RecordError("\(error)")
    }
  }

  private func tensor(_ array: NumpyArray, _ index: Int) throws(TensorFileError) -> Tensor {
    let input = inputs[index]
    guard let tensor = Tensor(array, as: input.type.element) else {
      throw TensorFileError(
        file: "record", reason: .invalidArgument,
        message: "input '\(input.name)' takes \(input.type.element), not \(array.type.descriptor)")
    }
    guard let shape = shape(array.shape, isFlat: array.shape.count == 1, of: input),
      let result = tensor.reshaped(shape)
    else {
      throw TensorFileError(file: "record", reason: .invalidArgument, message: wrongShape(array.shape, input))
    }
    return result
  }

  // MARK: Shapes

  /// The shape that an input gets: as given; without its first dimension, which is 1 then; or, of flat data, the model's own.
  private func shape(_ given: [Int], isFlat: Bool, of input: Interpreter.TensorDescription) -> Shape? {
    let own = input.type.shape
    let pattern = input.shapeSignature ?? own.dimensions
    func fits(_ dimensions: [Int]) -> Bool {
      dimensions.count == pattern.count && zip(dimensions, pattern).allSatisfy { $1 < 0 || $0 == $1 }
    }
    if fits(given) { return Shape(given) }
    if fits([1] + given) { return Shape([1] + given) }
    let isWhole = isFlat && given.first == own.elementCount || given.isEmpty && own.elementCount == 1
    return isWhole ? own : nil
  }

  private func wrongShape(_ given: [Int], _ input: Interpreter.TensorDescription) -> String {
    let pattern = (input.shapeSignature ?? input.type.shape.dimensions).map { $0 < 0 ? "?" : "\($0)" }
    return "input '\(input.name)' takes shape [\(pattern.joined(separator: ", "))], not \(given)"
  }
}
