import Delegates
import Glibc
import TFLiteRuntime
import TensorTypes

/// Runs a model with a file in the place of its compiled partition or of its tuning record, which may hold anything.
///
/// An input is such a file, and one byte behind it: bit 0 tells which file it is (0: compiled partition, 1: tuning record), bit 1 whether its
/// lengths and checksums are made to fit before it is used.
final class CacheExercise {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private let model: Model
  private let folder: String
  /// Where the delegates look for their files.
  private var paths: [String] = []
  /// Files as the delegates write them.
  private(set) var good: [[UInt8]] = []
  private var expected: [[UInt8]] = []

  /// - Parameters:
  ///   - path: a model of one partition with constants, whose outputs are `float32`.
  ///   - folder: an empty folder.
  init(model path: String, folder: String) throws {
    model = try Model(contentsOf: path)
    self.folder = folder
    for kind in 0..<2 {
      try removeFiles()
      expected.append(try run(kind))
      guard let path = files().first else { throw Failure(description: "no file was written") }
      paths.append(path)
      good.append(Self.read(path))
      // What fits is used, and gives the same answer.
      guard try run(kind) == expected[kind] else { throw Failure(description: "a good file changes the answer") }
    }
  }

  /// - Throws: ``Failure`` for a wrong answer.
  func exercise(_ input: [UInt8]) throws {
    guard let control = input.last else { return }
    let kind = Int(control & 1)
    let isForged = control & 2 != 0
    var file = Array(input.dropLast())
    if isForged { Self.makeFit(&file, kind) }
    try removeFiles()
    Self.write(file, paths[kind])
    let answer = try run(kind)
    // The constants of a partition are what they are where all checksums fit. A choice only says which of two correct ways is gone.
    if kind == 1 || !isForged {
      guard Self.isNear(answer, expected[kind]) else { throw Failure(description: "a wrong answer") }
    }
    // What is left behind is good.
    guard kind == 1 || isForged || Self.read(paths[kind]) == good[kind] else {
      throw Failure(description: "the file was not made anew")
    }
  }

  private func run(_ kind: Int) throws -> [UInt8] {
    let delegate: any Delegate =
      kind == 0
      ? .accelerator(AcceleratorOptions(cacheDirectory: folder, modelToken: "fuzz"))
      : .automatic(AutomaticOptions(tuningTime: .milliseconds(1), cacheDirectory: folder))
    let interpreter = try Interpreter(model, delegates: [delegate])
    for (index, input) in interpreter.inputs.enumerated() {
      let count = input.type.shape.elementCount
      try interpreter.setInput(index, (0..<count).map { Float($0 % 17) / 8 - 1 })
    }
    try interpreter.invoke()
    return try interpreter.outputs.indices.flatMap { index in try interpreter.output(index).bytes }
  }

  /// Whether floats differ by no more than two ways to compute them may.
  private static func isNear(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    func floats(_ bytes: [UInt8]) -> [Float] {
      stride(from: 0, to: bytes.count, by: 4).map { start in
        Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) })
      }
    }
    return a.count == b.count && zip(floats(a), floats(b)).allSatisfy { abs($0 - $1) <= 1e-4 * max(1, abs($1)) }
  }

  // MARK: Checksums

  private static func makeFit(_ file: inout [UInt8], _ kind: Int) {
    func put(_ value: Int, at offset: Int) {
      for byte in 0..<8 { file[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
    }
    if kind == 0 {
      guard file.count >= 184 else { return }
      put(file.count - 184, at: 112)
      file.replaceSubrange(120..<152, with: SHA256.hash(file[184...]))
      file.replaceSubrange(152..<184, with: SHA256.hash(file[..<152]))
    } else {
      guard file.count >= 84 else { return }
      put(file.count - 84, at: 44)
      file.replaceSubrange((file.count - 32)..., with: SHA256.hash(file[..<(file.count - 32)]))
    }
  }

  // MARK: Files

  private func files() -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if !name.hasPrefix(".") { names.append("\(folder)/\(name)") }
    }
    return names.sorted()
  }

  func removeFiles() throws {
    for path in files() where unlink(path) != 0 { throw Failure(description: "\(path) cannot be removed") }
  }

  static func write(_ bytes: [UInt8], _ path: String) {
    guard let file = fopen(path, "wb") else { return }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }

  private static func read(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
    return bytes
  }
}
