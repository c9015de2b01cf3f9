import Glibc
import ModelMutator

// libFuzzer's driver, called from an ordinary program: SwiftPM gives every executable a `main` of its own.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
  _ argumentCount: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ target: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

@_silgen_name("LLVMFuzzerMutate")
func mutateBytes(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ capacity: Int) -> Int

func store(_ content: [UInt8], at bytes: UnsafeMutablePointer<UInt8>) -> Int {
  UnsafeMutableBufferPointer(start: bytes, count: content.count).update(fromContentsOf: content)
}

/// libFuzzer's hook for mutations that know the format.
@c(LLVMFuzzerCustomMutator)
public func mutateModel(
  _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ capacity: Int, _ seed: UInt32
) -> Int {
  var mutator = ModelMutator(seed: UInt64(seed))
  // Some damage that the format does not foresee, as well.
  if seed % 16 == 0 { return mutateBytes(bytes, count, capacity) }
  guard let mutated = mutator.mutate(Array(UnsafeBufferPointer(start: bytes, count: count)), capacity: capacity) else {
    return mutateBytes(bytes, count, capacity)
  }
  return store(mutated, at: bytes)
}

/// libFuzzer's hook for putting two inputs together.
@c(LLVMFuzzerCustomCrossOver)
public func crossModels(
  _ first: UnsafePointer<UInt8>, _ firstCount: Int, _ second: UnsafePointer<UInt8>, _ secondCount: Int,
  _ bytes: UnsafeMutablePointer<UInt8>, _ capacity: Int, _ seed: UInt32
) -> Int {
  var mutator = ModelMutator(seed: UInt64(seed))
  let crossed = mutator.cross(
    Array(UnsafeBufferPointer(start: first, count: firstCount)),
    Array(UnsafeBufferPointer(start: second, count: secondCount)), capacity: capacity)
  guard let crossed else { return 0 }
  return store(crossed, at: bytes)
}

/// Whether large models may run, as they do where known files are checked and none is changed.
enum Environment {
  static let isWide = getenv("FUZZ_WIDE_LIMITS") != nil
}

func testOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let limits = Environment.isWide ? ModelExercise.wideLimits : ModelExercise.limits
  _ = try? ModelExercise.run(Array(UnsafeBufferPointer(start: bytes, count: count)), limits: limits)
  return 0
}

var argumentCount = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(runDriver(&argumentCount, &arguments) { testOne($0, $1) })
