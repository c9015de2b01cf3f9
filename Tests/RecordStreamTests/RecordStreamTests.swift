import Foundation
import RecordStream
import TFLiteRuntime
import Testing

@Suite struct RecordStreamTests {
  /// Lines that are all different.
  private func lines(_ count: Int) -> [String] { (0..<count).map { "[\($0),\($0 * 2),-3,\(-$0)]" } }

  @Test(arguments: [2, 3, 7, 64])
  func `batches give what single records give`(batchSize: Int) throws {
    for count in [0, 1, batchSize - 1, batchSize, batchSize + 1, 2 * batchSize + 3] {
      let alone = try StreamRun(StreamModels.addRelu, lines: lines(count))
      let together = try StreamRun(StreamModels.addRelu, lines: lines(count)) { $0.batchSize = batchSize }
      #expect(alone.output == together.output && alone.lines.count == count)
    }
  }

  @Test func `batches of a quantised network have the bits of single records`() throws {
    var generator = SystemRandomNumberGenerator()
    let lines = (0..<9).map { _ in
      "[" + (0..<1024).map { _ in "\(Int8.random(in: -128...127, using: &generator))" }.joined(separator: ",") + "]"
    }
    let model = try StreamModels.digits
    let alone = try StreamRun(model, lines: lines)
    let together = try StreamRun(model, lines: lines) { $0.batchSize = 4 }
    #expect(alone.output == together.output && alone.summary == .init(records: 9))
  }

  @Test func `a stream goes on from any record`() throws {
    let all = try StreamRun(StreamModels.addRelu, lines: lines(20)) { $0.batchSize = 4 }
    for start in [0, 1, 7, 19, 20, 100] {
      let rest = try StreamRun(StreamModels.addRelu, lines: lines(20)) {
        $0.batchSize = 4
        $0.start = start
      }
      #expect(rest.lines == Array(all.lines.dropFirst(start)))
    }
  }

  @Test func `models whose batch is fixed are run one by one`() throws {
    let interpreter = try Interpreter(Model(bytes: StreamModels.add))
    #expect(try BatchAbility.prepare(interpreter, batchSize: 4)?.contains("no first dimension of 1") == true)
    let run = try StreamRun(
      StreamModels.add, lines: [String](repeating: #"{"a":[1,2,3,4],"b":[1,2,3,4]}"#, count: 5)
    ) { $0.batchSize = 4 }
    #expect(run.summary == .init(records: 5))
  }

  @Test func `records of different shapes do not share a batch`() throws {
    let lines = [
      #"{"a":["x"],"b":["x"]}"#, #"{"a":["x","y"],"b":["x","z"]}"#, #"{"a":["x"],"b":["y"]}"#, #"{"a":["x"],"b":[]}"#,
    ]
    let run = try StreamRun(StreamModels.sameStrings, lines: lines) { $0.batchSize = 2 }
    #expect(run.lines[0] == #"{"record":0,"outputs":{"same":[true],"a":["x"]}}"#)
    #expect(run.lines[1] == #"{"record":1,"outputs":{"same":[true,false],"a":["x","y"]}}"#)
    #expect(run.lines[2] == #"{"record":2,"outputs":{"same":[false],"a":["x"]}}"#)
  }

  @Test func `a part of a batch is run when nothing more comes`() throws {
    var input: [Int32] = [0, 0]
    var output: [Int32] = [0, 0]
    try #require(pipe(&input) == 0 && pipe(&output) == 0)
    var options = RecordStream.Options()
    options.batchSize = 8
    options.patience = 1
    let (source, sink) = (input[0], output[1])
    let model = try Model(bytes: StreamModels.addRelu)
    let thread = Background { [options] in
      let summary = try makeStream(model, options).run(from: source, to: sink) { _, _ in }
      close(sink)
      return summary
    }
    // Each question is asked after the answer to the one before.
    for number in 0..<3 {
      let line = Array("[1,2,3,4]\n".utf8)
      // In two parts.
      try #require(write(input[1], Array(line.prefix(4)), 4) == 4)
      try #require(write(input[1], Array(line.dropFirst(4)), line.count - 4) == line.count - 4)
      var answer: [UInt8] = []
      var byte = [UInt8](repeating: 0, count: 1)
      while answer.last != UInt8(ascii: "\n"), read(output[0], &byte, 1) == 1 { answer += byte }
      #expect(String(decoding: answer, as: UTF8.self).hasPrefix(#"{"record":\#(number),"outputs""#))
    }
    close(input[1])
    #expect(try thread.value() == .init(records: 3))
    close(source)
    close(output[0])
  }

  @Test func `a closed output ends the stream`() throws {
    signal(SIGPIPE, SIG_IGN)
    var output: [Int32] = [0, 0]
    try #require(pipe(&output) == 0)
    close(output[0])
    let text = lines(1000).joined(separator: "\n")
    let source = try TemporaryFile(Array(text.utf8))
    var options = RecordStream.Options()
    options.batchSize = 10
    let summary = try makeStream(Model(bytes: StreamModels.addRelu), options).run(
      from: source.descriptor, to: output[1]
    ) { _, _ in }
    #expect(summary == .init(records: 10, bad: 0, isOutputClosed: true))
    close(output[1])
  }

  /// As long as nobody takes the results, no more is read than a batch, what one `read` brings, and what fits in the pipes.
  @Test func `nothing is read ahead`() throws {
    var input: [Int32] = [0, 0]
    var output: [Int32] = [0, 0]
    try #require(pipe(&input) == 0 && pipe(&output) == 0)
    let (source, sink) = (input[0], output[1])
    let model = try Model(bytes: StreamModels.addRelu)
    let thread = Background {
      let summary = try makeStream(model, .init()).run(from: source, to: sink) { _, _ in }
      close(sink)
      return summary
    }
    _ = fcntl(input[1], F_SETFL, O_NONBLOCK)
    let line = Array("[1,2,3,4]\n".utf8)
    var written = 0
    // Until the input has been full for a while.
    var refusals = 0
    while refusals < 50, written < 100_000 {
      if write(input[1], line, line.count) == line.count {
        written += 1
        refusals = 0
      } else {
        refusals += 1
        usleep(4000)
      }
    }
    #expect(written < 3 * 65536 / line.count)
    let reading = output[0]
    let drain = Background {
      var count = 0
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      while case let got = read(reading, &bytes, bytes.count), got > 0 {
        count += bytes.prefix(got).count { $0 == UInt8(ascii: "\n") }
      }
      return count
    }
    close(input[1])
    let results = try drain.value()
    let summary = try thread.value()
    #expect(results == written && summary.records == written)
    close(source)
    close(output[0])
  }
}
