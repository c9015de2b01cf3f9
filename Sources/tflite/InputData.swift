internal import ArgumentParser
internal import TFLiteRuntime
internal import TensorConversion
internal import TensorFiles
internal import TensorTypes

/// What the inputs of a model are to be.
struct InputArguments: ParsableArguments {
  @Option(help: "An .npz file with the inputs; random ones otherwise.", completion: .file(extensions: ["npz"]))
  var inputs: String?

  @Option(help: "Seed of random inputs.")
  var seed: UInt64 = 0

  func data() throws -> InputData { try InputData(path: inputs, seed: seed) }
}

/// Fills a model's inputs from an .npz file, or with random values.
struct InputData {
  /// The file; nil for random values.
  let archive: NumpyArchive?
  let seed: UInt64

  init(path: String?, seed: UInt64 = 0) throws {
    archive = try path.map { try NumpyArchive(contentsOf: $0) }
    self.seed = seed
  }

  /// Resizes inputs to the arrays' shapes where they differ, allocates, and writes all inputs.
  func fill(_ interpreter: Interpreter) throws { try fill(interpreter, with: try values(for: interpreter)) }

  /// Resizes inputs to the shapes of ``values(for:)`` where they differ, allocates, and writes all inputs.
  func fill(_ interpreter: Interpreter, with tensors: [Tensor]) throws {
    for (index, tensor) in tensors.enumerated() { try interpreter.resizeInput(index, to: tensor.type.shape.dimensions) }
    try interpreter.allocate()
    for (index, tensor) in tensors.enumerated() { try interpreter.setInput(index, tensor) }
  }

  /// A value for each input.
  func values(for interpreter: Interpreter) throws -> [Tensor] {
    let descriptions = interpreter.inputs
    guard let archive else {
      var generator = SeededGenerator(seed: seed)
      return try descriptions.map { try Self.random($0, using: &generator) }
    }
    return try descriptions.enumerated().map { index, input in
      let names = [input.tensorName, input.name, "\(index)", "in\(index)"]
      guard let name = names.first(where: { archive.index(of: $0) != nil }) else {
        let wanted = names.filter { !$0.isEmpty }.map { "'\($0)'" }.joined(separator: ", ")
        throw CommandError(
          "the .npz file has no array for input \(index): wanted one of \(wanted), found "
            + archive.names.map { "'\($0)'" }.joined(separator: ", "))
      }
      let array = try archive.array(named: name)
      guard let tensor = Tensor(array, as: input.type.element) else {
        throw CommandError(
          "array '\(name)' has type \(array.type.descriptor); input \(index) '\(input.name)' takes \(input.type.element)"
        )
      }
      return tensor
    }
  }

  /// Values that any model can take: floats in [-1, 1], narrow integers over their range, indices 0 and 1.
  private static func random(
    _ input: Interpreter.TensorDescription, using generator: inout SeededGenerator
  ) throws -> Tensor {
    let type = input.type
    let count = type.shape.elementCount
    let dimensions = type.shape.dimensions
    func values<T: TensorScalar>(_ make: (inout SeededGenerator) -> T) -> Tensor? {
      Tensor((0..<count).map { _ in make(&generator) }, shape: dimensions)
    }
    let tensor: Tensor? =
      switch type.element {
      case .float32: values { Float.random(in: -1...1, using: &$0) }
      case .float16: values { Float16(Float.random(in: -1...1, using: &$0)) }
      case .float64: values { Double.random(in: -1...1, using: &$0) }
      case .int8: values { Int8.random(in: .min ... .max, using: &$0) }
      case .uint8: values { UInt8.random(in: .min ... .max, using: &$0) }
      case .int16: values { Int16.random(in: .min ... .max, using: &$0) }
      case .uint16: values { UInt16.random(in: 0...1, using: &$0) }
      case .int32: values { Int32.random(in: 0...1, using: &$0) }
      case .uint32: values { UInt32.random(in: 0...1, using: &$0) }
      case .int64: values { Int64.random(in: 0...1, using: &$0) }
      case .uint64: values { UInt64.random(in: 0...1, using: &$0) }
      case .bool: values { Bool.random(using: &$0) }
      default: Tensor(type: type, bytes: [UInt8](repeating: 0, count: type.byteCount ?? 0))
      }
    guard let tensor else {
      throw CommandError("there are no random values for input '\(input.name)' of type \(type.element); give --inputs")
    }
    return tensor
  }
}

/// SplitMix64: the same seed gives the same inputs everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
