import Foundation
import Glibc
import Testing

/// Shared libraries that the tests compile, once each, in a folder that they leave to the system to clean.
enum CompiledLibrary {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let folder = FileManager.default.temporaryDirectory.appending(
    path: "operator-libraries-\(ProcessInfo.processInfo.processIdentifier)")

  static let example = root.appending(path: "Examples/CustomOperator/scale_and_shift.tflite").path

  /// Compiles a C file of the repository and answers the library's path. Each call makes a file of its own.
  static func make(_ source: String, defines: [String] = []) throws -> String {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let library = folder.appending(path: "lib\(UUID().uuidString).so").path
    let arguments =
      ["clang", "-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
      + ["-I", root.appending(path: "Sources/COperatorInterface/include").path]
      + defines.map { "-D\($0)" } + [root.appending(path: source).path, "-o", library]
    #expect(try run(arguments) == 0, "clang could not compile \(source)")
    return library
  }

  /// Runs a program and answers its status. (Foundation's Process needs threads that parallel tests may occupy.)
  static func run(_ arguments: [String]) throws -> Int32 {
    var pointers = arguments.map { strdup($0) } + [nil]
    var environment = ProcessInfo.processInfo.environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in pointers + environment { free(pointer) } }
    var child: pid_t = 0
    try #require(posix_spawnp(&child, arguments[0], nil, nil, &pointers, &environment) == 0)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 { try #require(errno == EINTR) }
    return status
  }

  static func entry(_ number: Int) throws -> String {
    try make("Tests/OperatorLibrariesTests/Libraries/operators.c", defines: ["TEST_ENTRY=\(number)"])
  }

  /// The library of operators that most tests use.
  static let operators = Result { try entry(0) }
}
