import RecordStream
import TFLiteRuntime
import TensorFiles
import Testing

@Suite struct NumpyRecordTests {
  private let good: [UInt8]

  init() throws {
    good = try NumpyArchive.encoded([("x", NumpyArray([1, 2, 3, 4] as [Float], shape: [1, 4]))], name: "x")
  }

  private func npy(_ array: NumpyArray) throws -> [UInt8] {
    // An uncompressed archive has the .npy file in it, from its magic to the directory.
    let archive = try NumpyArchive.encoded([("x", array)], name: "x")
    let start = try #require(archive.firstIndex(of: 0x93))
    return Array(archive[start...].prefix(128 + array.bytes.count))
  }

  private func configure(_ options: inout RecordStream.Options) {
    options.input = .npz
    options.output = .npz
  }

  @Test func `arrays and archives give archives with the record's number`() throws {
    let array = try npy(NumpyArray([1, 2, 3, 4] as [Float], shape: [4]))
    let run = try StreamRun(StreamModels.addRelu, framed(good) + framed(array), configure)
    let results = unframed(run.output)
    #expect(results.count == 2 && run.summary.bad == 0)
    for (number, bytes) in results.enumerated() {
      let archive = try NumpyArchive(npz: bytes, name: "result")
      #expect(archive.names == ["record", "y"])
      #expect(try archive.array(named: "record") == NumpyArray([Int64(number)], shape: []))
      #expect(try archive.array(named: "y") == NumpyArray([2, 4, 6, 8] as [Float], shape: [1, 4]))
    }
  }

  @Test func `bad records get an error in their place`() throws {
    let array = try npy(NumpyArray([1, 2, 3, 4] as [Float], shape: [4]))
    let bad: [[UInt8]] = [
      [], [1, 2, 3], Array(good.dropLast(10)), Array(array.dropLast(3)), array + [0],
      try npy(NumpyArray([1, 2, 3] as [Float], shape: [3])), try npy(NumpyArray([1, 2, 3, 4] as [Int32], shape: [4])),
      try NumpyArchive.encoded([("z", NumpyArray([1] as [Float], shape: [1]))], name: "z"),
      [UInt8](repeating: 7, count: 5000),
    ]
    for batchSize in [1, 3] {
      let run = try StreamRun(StreamModels.addRelu, bad.flatMap { framed($0) + framed(good) }) {
        configure(&$0)
        $0.batchSize = batchSize
        $0.maximumRecordBytes = 4096
      }
      let results = unframed(run.output)
      #expect(results.count == bad.count * 2)
      #expect(run.summary == .init(records: bad.count * 2, bad: bad.count))
      for (number, bytes) in results.enumerated() {
        let archive = try NumpyArchive(npz: bytes, name: "result")
        #expect(archive.names == ["record", number % 2 == 0 ? "error" : "y"])
        #expect(try archive.array(named: "record") == NumpyArray([Int64(number)], shape: []))
      }
    }
  }

  @Test func `an input that ends inside a record is a bad record`() throws {
    for tail in [framed(good).dropLast(1), framed(good).prefix(3), framed([], length: .max)[...]] {
      let run = try StreamRun(StreamModels.addRelu, framed(good) + tail, configure)
      #expect(run.summary == .init(records: 2, bad: 1))
      #expect(run.reports[1]?.contains("ends inside a record") == true)
    }
  }

  @Test func `formats can differ between input and output`() throws {
    let run = try StreamRun(StreamModels.addRelu, framed(good)) { $0.input = .npz }
    #expect(run.lines == [#"{"record":0,"outputs":{"y":[[2.0,4.0,6.0,8.0]]}}"#])
  }
}
