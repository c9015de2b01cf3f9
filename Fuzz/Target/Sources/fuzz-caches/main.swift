import Glibc

// Files that the delegates keep, changed by libFuzzer. Arguments: MODEL --seeds FOLDER writes good files to begin with; MODEL and libFuzzer's
// arguments otherwise.

@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
  _ argumentCount: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ target: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

@_silgen_name("LLVMFuzzerMutate")
func mutateBytes(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ capacity: Int) -> Int

/// libFuzzer's hook for mutations: every other one changes a good file, in which a few bytes matter most, and leaves the last byte, which says
/// what the file is, as it is or makes it another.
@c(LLVMFuzzerCustomMutator)
public func mutateFile(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ capacity: Int, _ seed: UInt32) -> Int {
  guard seed % 2 == 0, let good = Program.exercise?.good else { return mutateBytes(bytes, count, capacity) }
  let control = UInt8(truncatingIfNeeded: seed >> 1 & 3)
  let file = good[Int(control & 1)]
  guard file.count < capacity else { return mutateBytes(bytes, count, capacity) }
  _ = UnsafeMutableBufferPointer(start: bytes, count: file.count).update(fromContentsOf: file)
  let changed = mutateBytes(bytes, file.count, capacity - 1)
  bytes[changed] = control
  return changed + 1
}

enum Program {
  static let folder: String = {
    var template = Array("/tmp/fuzz-caches-XXXXXX".utf8CString)
    return template.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress, let name = mkdtemp(start) else { return "" }
      return String(cString: name)
    }
  }()

  nonisolated(unsafe) static var exercise: CacheExercise?
}

func complain(_ text: String) {
  let line = Array("fuzz-caches: \(text)\n".utf8)
  write(STDERR_FILENO, line, line.count)
}

guard CommandLine.arguments.count > 1 else {
  complain("a model is needed")
  exit(64)
}
do {
  Program.exercise = try CacheExercise(model: CommandLine.arguments[1], folder: Program.folder)
} catch {
  complain("\(error)")
  exit(1)
}
atexit {
  try? Program.exercise?.removeFiles()
  rmdir(Program.folder)
}

if CommandLine.arguments.count == 4, CommandLine.arguments[2] == "--seeds" {
  for (kind, file) in (Program.exercise?.good ?? []).enumerated() {
    for forged in [0, 2] {
      CacheExercise.write(file + [UInt8(kind + forged)], "\(CommandLine.arguments[3])/\(kind)-\(forged)")
    }
  }
  exit(0)
}

func testOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  do {
    try Program.exercise?.exercise(Array(UnsafeBufferPointer(start: bytes, count: count)))
  } catch {
    complain("\(error)")
    abort()
  }
  return 0
}

// libFuzzer sees the arguments without the model.
var argumentCount = CommandLine.argc - 1
var arguments = CommandLine.unsafeArgv + 1
exit(runDriver(&argumentCount, &arguments) { testOne($0, $1) })
