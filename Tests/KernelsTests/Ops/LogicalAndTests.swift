import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct LogicalAndTests {
  private let checks = LogicalChecks(operation: LogicalAnd(options: .defaults)) { $0 && $1 }

  @Test func hasItsTruthTable() throws {
    let result = try run(
      checks.operation, [try TestTensor([false, true], [2, 1]), try TestTensor([false, true])],
      outputs: [(.bool, .none)])[0]
    #expect(result.bytes == [0, 0, 0, 1])
  }

  @Test func broadcasts() throws { try checks.broadcasts() }

  @Test func refusesOtherOperands() throws { try checks.refusesOtherOperands() }
}
