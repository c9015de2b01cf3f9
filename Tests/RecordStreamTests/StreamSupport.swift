import Foundation
import ModelTestSupport
import RecordStream
import TFLiteRuntime
import Testing

/// A stream over a model, and what came out of it.
struct StreamRun {
  var summary: RecordStream.Summary
  var output: [UInt8]
  var reports: [Int: String]

  var lines: [String] { String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init) }

  init(
    _ model: [UInt8], _ input: [UInt8], _ configure: (inout RecordStream.Options) -> Void = { _ in }
  ) throws {
    var options = RecordStream.Options()
    configure(&options)
    let stream = try makeStream(Model(bytes: model), options)
    let source = try TemporaryFile(input)
    let destination = try TemporaryFile([])
    var reports: [Int: String] = [:]
    summary = try stream.run(from: source.descriptor, to: destination.descriptor) { reports[$0] = $1.description }
    self.reports = reports
    output = destination.content
  }

  init(
    _ model: [UInt8], lines: [String], _ configure: (inout RecordStream.Options) -> Void = { _ in }
  ) throws {
    try self.init(model, Array(lines.map { $0 + "\n" }.joined().utf8), configure)
  }
}

func makeStream(_ model: Model, _ options: RecordStream.Options) throws -> RecordStream {
  var batched: Interpreter?
  if options.batchSize > 1 {
    let interpreter = try Interpreter(model)
    if try BatchAbility.prepare(interpreter, batchSize: options.batchSize) == nil { batched = interpreter }
  }
  return try RecordStream(single: try Interpreter(model), batched: batched, options: options)
}

/// Work on a thread of its own: what waits for pipes must not hold the threads that tests run on.
final class Background<Value: Sendable>: @unchecked Sendable {
  private let ended = DispatchSemaphore(value: 0)
  private var result: Result<Value, any Error>?

  init(_ body: @escaping @Sendable () throws -> Value) {
    Thread.detachNewThread {
      self.result = Result { try body() }
      self.ended.signal()
    }
  }

  /// Waits for the end. May be called once.
  func value() throws -> Value {
    ended.wait()
    return try #require(result).get()
  }
}

/// A file without a name, read from the start and written at the end.
final class TemporaryFile {
  let descriptor: Int32

  init(_ bytes: [UInt8]) throws {
    var template = Array("/tmp/record-stream-XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    unlink(template)
    try #require(write(descriptor, bytes, bytes.count) == bytes.count)
    lseek(descriptor, 0, SEEK_SET)
  }

  deinit { close(descriptor) }

  var content: [UInt8] {
    let count = Int(lseek(descriptor, 0, SEEK_END))
    var bytes = [UInt8](repeating: 0, count: count)
    _ = pread(descriptor, &bytes, count, 0)
    return bytes
  }
}

/// A length of eight bytes before the content.
func framed(_ content: [UInt8], length: UInt64? = nil) -> [UInt8] {
  withUnsafeBytes(of: (length ?? UInt64(content.count)).littleEndian) { Array($0) } + content
}

/// The contents of frames.
func unframed(_ bytes: [UInt8]) -> [[UInt8]] {
  var contents: [[UInt8]] = []
  var rest = bytes[...]
  while rest.count >= 8 {
    let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    contents.append(Array(rest.dropFirst(8).prefix(length)))
    rest = rest.dropFirst(8 + length)
  }
  return contents
}

enum StreamModels {
  /// `y = relu(x + [1, 2, 3, 4])` for any number of rows.
  static var addRelu: [UInt8] { ModelBuilder.addRelu().bytes() }

  /// `y = a + b` for two inputs of a fixed shape.
  static var add: [UInt8] {
    var model = ModelBuilder()
    let add = model.code(0)
    var graph = ModelBuilder.Subgraph()
    let a = graph.tensor([2, 2], name: "a")
    let b = graph.tensor([2, 2], name: "b")
    let y = graph.tensor([2, 2], name: "y")
    graph.node(add, [a, b], [y], [3: .int8(11), 4: .table([0: .int8(0)])])
    graph.inputs = [a, b]
    graph.outputs = [y]
    model.subgraphs = [graph]
    return model.bytes()
  }

  /// Which of two lists of strings are the same.
  static var sameStrings: [UInt8] { ModelBuilder.sameStrings().bytes() }

  static var digits: [UInt8] {
    get throws {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      return Array(try Data(contentsOf: root.appendingPathComponent("Demo/digits_int8.tflite")))
    }
  }
}
