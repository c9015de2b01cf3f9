import AllocationCounter
import Delegates
import FlatBuffers
import Glibc
import Kernels
import Synchronization
import TFLiteRuntime
import TensorTypes
import Testing

/// A second invocation allocates nothing, on the calling thread and on those of the pool.
@Suite(.enabled(if: allocation_counter_works(), "sanitizers have allocators of their own"), .serialized)
struct AllocationTests {
  /// Switches counting on or off on every thread of the pool, which wait for one another so that each takes part.
  private func setCounting(_ isOn: Bool, _ pool: ThreadPool) {
    let arrived = Counter()
    let count = pool.count
    pool.parallelize(count) { _ in
      arrived.increment()
      while arrived.count < count { sched_yield() }
      allocation_counter_set_counting(isOn)
    }
  }

  private func allocations(threads: Int, _ body: (ThreadPool) throws -> () throws -> Void) throws -> Int {
    let pool = ThreadPool(count: threads)
    try #require(pool.count == threads)
    let invoke = try body(pool)
    for _ in 0..<2 { try invoke() }
    allocation_counter_reset()
    setCounting(true, pool)
    // What calling the pool itself takes is not meant here.
    allocation_counter_reset()
    for _ in 0..<3 { try invoke() }
    let count = allocation_counter_count()
    setCounting(false, pool)
    if count > 0 { allocation_counter_print_backtrace() }
    return count
  }

  @Test func countsWhatItShould() throws {
    #expect(
      try allocations(threads: 1) { _ in
        { for count in 1...5 { withExtendedLifetime([UInt8](repeating: 1, count: count * 1000)) {} } }
      } > 0)
    #expect(
      try allocations(threads: 2) { pool in
        {
          let arrived = Counter()
          pool.parallelize(2) { _ in
            arrived.increment()
            while arrived.count < 2 { sched_yield() }
            _ = try? SharedBytes(zeros: 10)
          }
        }
      } >= 6)
  }

  @Test(arguments: TestModels.digits + TestModels.fixtures, [1, 2])
  func builtinKernels(name: String, threads: Int) throws {
    let count = try allocations(threads: threads) { pool in
      let interpreter = try Interpreter(try TestModels.load(name), options: .init(threadPool: pool))
      return { try interpreter.invoke() }
    }
    #expect(count == 0)
  }

  @Test(arguments: TestModels.digits + TestModels.fixtures, [1, 2])
  func xnnpack(name: String, threads: Int) throws {
    let count = try allocations(threads: threads) { pool in
      let interpreter = try Interpreter(
        try TestModels.load(name), options: .init(threadPool: pool), delegates: [.xnnpack()])
      return { try interpreter.invoke() }
    }
    #expect(count == 0)
  }

  /// Larger than a fixture, so that the work is divided.
  @Test(arguments: [1, 2]) func largeBatch(threads: Int) throws {
    let count = try allocations(threads: threads) { pool in
      let interpreter = try Interpreter(try TestModels.load("dynamic_batch"), options: .init(threadPool: pool))
      try interpreter.resizeInput(0, to: [5000, 6])
      return {
        var input = try interpreter.input(0, as: Float.self)
        for index in input.indices { input[index] = Float(index % 13) }
        try interpreter.invoke(deadline: .seconds(60))
        _ = try interpreter.output(0, as: Float.self).count
      }
    }
    #expect(count == 0)
  }
}
