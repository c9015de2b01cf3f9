import RecordStream
import TFLiteRuntime
import Testing

@Suite struct JSONRecordTests {
  @Test func `every form of a record gives the same result`() throws {
    let forms = [
      #"{"x": [[1, 2, 3, 4]]}"#, #"{"x": [1, 2, 3, 4]}"#, "[1, 2, 3, 4]", "[[1.0, 2e0, 3, 4]]", " [1,2,3,4] \r",
      #"{"x": {"shape": [1, 4], "data": [1, 2, 3, 4]}}"#, #"{"x": {"data": [[1, 2], [3, 4]], "shape": [4]}}"#,
    ]
    let run = try StreamRun(StreamModels.addRelu, lines: forms)
    #expect(run.lines == forms.indices.map { #"{"record":\#($0),"outputs":{"y":[[2.0,4.0,6.0,8.0]]}}"# })
    #expect(run.summary.records == forms.count && run.summary.bad == 0)
  }

  @Test func `a record may be larger than a batch of one`() throws {
    let run = try StreamRun(StreamModels.addRelu, lines: ["[[1,2,3,4],[-1,-2,-3,-5]]"]) { $0.batchSize = 2 }
    #expect(run.lines == [#"{"record":0,"outputs":{"y":[[2.0,4.0,6.0,8.0],[0.0,0.0,0.0,0.0]]}}"#])
  }

  @Test func `records carry their id`() throws {
    let run = try StreamRun(
      StreamModels.addRelu,
      lines: [
        #"{"id": "a\"b", "x": [0,0,0,0]}"#, #"{"x": [0,0,0,0], "id": -7}"#, #"{"id": "bad", "x": 1}"#,
        #"{"id": [1], "x": [0,0,0,0]}"#, #"{"id": null, "x": [0,0,0,0]}"#,
      ])
    #expect(run.lines[0] == #"{"record":0,"id":"a\"b","outputs":{"y":[[1.0,2.0,3.0,4.0]]}}"#)
    #expect(run.lines[1] == #"{"record":1,"id":-7,"outputs":{"y":[[1.0,2.0,3.0,4.0]]}}"#)
    #expect(
      run.lines[2] == #"{"record":2,"id":"bad","error":"input 'x' takes shape [?, 4], not []"}"#)
    #expect(run.lines[3] == #"{"record":3,"error":"'id' is a string or an integer"}"#)
    #expect(run.lines[4] == #"{"record":4,"outputs":{"y":[[1.0,2.0,3.0,4.0]]}}"#)
  }

  @Test func `bad records get an error in their place`() throws {
    let bad = [
      "", "   ", "{", "nonsense", "[1,2,3", "[1,2,3,4]]", "[1,2,3]", "[1,2,3,4,5]", "[[1,2],[3,4]]", "[[1,2,3],[4]]",
      #"["a","b","c","d"]"#, #"{"z": [1,2,3,4]}"#, "{}", #"{"x": [1,2,3,4], "x": [1,2,3,4]}"#,
      #"{"x": {"shape": [1, 4], "data": [1, 2, 3]}}"#, #"{"x": {"shape": [-1], "data": []}}"#,
      #"{"x": {"shape": [4611686018427387904, 4], "data": []}}"#, #"{"x": {"shape": "4", "data": []}}"#,
      #"{"x": {"data": [1,2,3,4]}}"#, "null", "\u{0}", String(repeating: "[", count: 100_000), "[1,[2,3,4]]",
      #"{"x": {"shape": [1, 4], "data": [1, 2, 3, 4], "more": 1}}"#, "[1,2,3,\"4",
    ]
    for batchSize in [1, 4] {
      let lines = bad.flatMap { [$0, "[1,2,3,4]"] }
      let run = try StreamRun(StreamModels.addRelu, lines: lines) { $0.batchSize = batchSize }
      #expect(run.lines.count == lines.count)
      #expect(run.summary == .init(records: lines.count, bad: bad.count))
      for (number, line) in run.lines.enumerated() {
        if number % 2 == 0 {
          #expect(line.hasPrefix(#"{"record":\#(number),"error":""#), "\(lines[number].prefix(50)): \(line)")
          #expect(run.reports[number]?.isEmpty == false)
        } else {
          #expect(line == #"{"record":\#(number),"outputs":{"y":[[2.0,4.0,6.0,8.0]]}}"#)
          #expect(run.reports[number] == nil)
        }
      }
    }
  }

  @Test func `several inputs are found by name, and all are needed`() throws {
    let run = try StreamRun(
      StreamModels.add,
      lines: [
        #"{"b": [[1,2],[3,4]], "a": [10,20,30,40]}"#, #"{"a": [1,2,3,4]}"#, "[1,2,3,4]",
        #"{"a": [[1,2],[3,4]], "b": [[1,2],[3,4],[5,6]]}"#,
      ])
    #expect(
      run.lines == [
        #"{"record":0,"outputs":{"y":[[11.0,22.0],[33.0,44.0]]}}"#, #"{"record":1,"error":"input 'b' is missing"}"#,
        #"{"record":2,"error":"expected an object with the members 'a', 'b' at offset 0"}"#,
        #"{"record":3,"error":"input 'b' takes shape [2, 2], not [3, 2]"}"#,
      ])
  }

  @Test func `strings go in and out`() throws {
    let run = try StreamRun(
      StreamModels.sameStrings, lines: [#"{"a": ["é", "b\n"], "b": ["é", "c"]}"#, #"{"a": [], "b": []}"#])
    #expect(run.lines[0] == #"{"record":0,"outputs":{"same":[true,false],"a":["é","b\n"]}}"#)
    #expect(run.lines[1] == #"{"record":1,"outputs":{"same":[],"a":[]}}"#)
  }

  @Test func `a line without an end is the last record`() throws {
    let run = try StreamRun(StreamModels.addRelu, Array("[1,2,3,4]\n[0,0,0,0]".utf8))
    #expect(run.lines.count == 2 && run.summary.bad == 0)
    let empty = try StreamRun(StreamModels.addRelu, [])
    #expect(empty.output.isEmpty && empty.summary.records == 0)
  }

  @Test func `a line over the limit is passed over without being kept`() throws {
    for place in 0..<3 {
      var lines = ["[1,2,3,4]", "[1,2,3,4]"]
      lines.insert("[" + String(repeating: "1,", count: 1 << 20) + "1]", at: place)
      let text = lines.joined(separator: "\n")
      let run = try StreamRun(StreamModels.addRelu, Array(text.utf8)) { $0.maximumRecordBytes = 100 }
      #expect(run.lines.count == 3)
      #expect(run.reports == [place: "the record has more than 100 bytes"])
    }
  }
}
