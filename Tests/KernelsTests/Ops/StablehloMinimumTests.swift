import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct StablehloMinimumTests {
  private struct Function: NumberPairFunction {
    func integers<T: FixedWidthInteger>(_ a: T, _ b: T) -> T { b < a ? b : a }
    func reals<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> T { b < a ? b : a }
    func truth(_ a: Bool, _ b: Bool) -> Bool { a && b }
  }

  private let checks = StablehloPairChecks(operation: StablehloMinimum(options: .defaults), function: Function())

  @Test(arguments: [0, 1, 3, 4, 5, 15, 16, 17, 35]) func combines(count: Int) throws {
    try checks.combines(count: count)
  }

  @Test func takesWhatIsNotFinite() throws {
    let a = try TestTensor([.nan, 1, -.infinity] as [Float])
    let b = try TestTensor([1, .nan, .nan] as [Float])
    let result = try run(StablehloMinimum(options: .defaults), [a, b], outputs: [(.float32, .none)])
    expectClose(result[0].floats, [.nan, 1, -.infinity])
  }

  @Test func refusesWhatItCannotTake() throws { try checks.refusesWhatItCannotTake() }
}
