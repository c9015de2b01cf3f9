import FlatBuffers
import Glibc
import Kernels
import ModelTestSupport
import TFLiteRuntime
import Testing

/// Models in files, and the files beside them.
@Suite struct ModelFileTests {
  private final class Folder {
    let path: String

    init() throws {
      var template = Array("/tmp/model-tests-XXXXXX\0".utf8CString)
      path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
      for name in Corpus.names(in: path) { unlink(path + "/" + name) }
      rmdir(path)
    }

    func write(_ bytes: [UInt8], to name: String) throws {
      let descriptor = open(path + "/" + name, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
      try #require(descriptor >= 0)
      defer { close(descriptor) }
      #expect(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    }
  }

  @Test func loadsFromPathAndDescriptor() throws {
    let folder = try Folder()
    let stored = ModelBuilder.addRelu().bytes()
    try folder.write(stored, to: "m.tflite")
    let model = try Model(contentsOf: folder.path + "/m.tflite")
    #expect(model.byteCount == stored.count)
    // Inside another file, at an odd offset.
    try folder.write([1, 2, 3] + stored + [4], to: "bundle")
    let descriptor = open(folder.path + "/bundle", O_RDONLY)
    defer { close(descriptor) }
    let inside = try Model(fileDescriptor: descriptor, offset: 3, length: stored.count)
    #expect(inside.byteCount == stored.count)
    #expect(floats(inside.subgraphs[0].tensors[1]) == [1, 2, 3, 4])
    #expect(throws: ModelError.self) { try Model(fileDescriptor: descriptor, offset: 3, length: 1 << 40) }
    #expect(throws: ModelError.self) { try Model(fileDescriptor: descriptor, offset: -1) }
    #expect(throws: ModelError.self) { try Model(fileDescriptor: descriptor) }
  }

  @Test func unreadableFilesAreErrors() throws {
    let folder = try Folder()
    for path in [folder.path, folder.path + "/none", "/dev/null"] {
      let error = try #require(throws: ModelError.self) { try Model(contentsOf: path) }
      #expect(error.kind == .unreadable)
      #expect(error.message.contains(path))
    }
    #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
    #expect(throws: ModelError.self) { try Model(contentsOf: folder.path + "/pipe") }
    try folder.write([], to: "empty")
    #expect(throws: ModelError.self) { try Model(contentsOf: folder.path + "/empty") }
  }

  private func external(file name: String, offset: UInt64 = 8, length: UInt64 = 16) -> ModelBuilder {
    var builder = ModelBuilder.addRelu()
    builder.subgraphs[0].tensors[1][2] = .uint32(0)
    builder.subgraphs[0].tensors[1][10] = .uint32(7)
    builder.groups = [[0: .string("unused")], [0: .string(name)]]
    builder.externalBuffers = [[0: .uint32(7), 1: .uint32(1), 2: .uint64(offset), 3: .uint64(length)]]
    return builder
  }

  @Test func readsExternalBuffers() throws {
    let folder = try Folder()
    let weights: [Float] = [0, 0, 5, 6, 7, 8]
    try folder.write(weights.withUnsafeBytes { Array($0) }, to: "weights.bin")
    try folder.write(external(file: "weights.bin").bytes(), to: "m.tflite")
    let model = try Model(contentsOf: folder.path + "/m.tflite")
    #expect(floats(model.subgraphs[0].tensors[1]) == [5, 6, 7, 8])
    let error = try #require(throws: ModelError.self) { try Model(bytes: external(file: "weights.bin").bytes()) }
    #expect(error.kind == .unreadable && error.location.tensor == 1 && error.message.contains("weights.bin"))
    for builder in [
      external(file: "../weights.bin"), external(file: ""), external(file: ".."), external(file: "/etc/passwd"),
      external(file: "none"), external(file: "weights.bin", offset: 16), external(file: "weights.bin", length: .max),
      external(file: "weights.bin", length: 8),
    ] {
      try folder.write(builder.bytes(), to: "m.tflite")
      #expect(throws: ModelError.self) { try Model(contentsOf: folder.path + "/m.tflite") }
    }
  }
}
