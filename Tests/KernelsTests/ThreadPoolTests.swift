import Dispatch
import Kernels
import Synchronization
import Testing

/// Every index is called once, whoever calls, however often, and wherever the threads are.
@Suite struct ThreadPoolTests {
  private final class Counts: Sendable {
    let calls: [Atomic64]
    init(_ count: Int) { calls = (0..<count).map { _ in Atomic64() } }
    var values: [Int] { calls.map { $0.value.load(ordering: .relaxed) } }
  }

  private final class Atomic64: Sendable {
    let value = Atomic<Int>(0)
  }

  @Test(arguments: [0, 1, 2, 3, 8]) func eachIndexOnce(threads: Int) {
    let pool = ThreadPool(count: threads)
    let counts = Counts(70)
    var expected = [Int](repeating: 0, count: 70)
    for round in 0..<2000 {
      let count = round % 71
      pool.parallelize(count) { counts.calls[$0].value.wrappingAdd(1, ordering: .relaxed) }
      for index in 0..<count { expected[index] += 1 }
    }
    #expect(counts.values == expected)
  }

  /// More items than fit into one ticket of the pool.
  @Test func manyItems() {
    let pool = ThreadPool(count: 2)
    let sum = Atomic<Int>(0)
    let count = 1 << 20 | 5
    pool.parallelize(count) { sum.wrappingAdd($0, ordering: .relaxed) }
    #expect(sum.load(ordering: .relaxed) == count * (count - 1) / 2)
  }

  @Test func callsFromSeveralThreadsAndFromItems() {
    let pool = ThreadPool(count: 3)
    let counts = Counts(17)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<500 {
        pool.parallelize(17) { index in
          counts.calls[index].value.wrappingAdd(1, ordering: .relaxed)
          // An item that divides its own work does it alone.
          if index == 3 { pool.parallelize(2) { _ in } }
        }
      }
    }
    #expect(counts.values == [Int](repeating: 2000, count: 17))
  }

  /// No two items that run at the same time are given the same number, and what belongs to it is not touched by others.
  @Test(arguments: [1, 2, 3, 8]) func threadsAreToldApart(threads: Int) {
    let pool = ThreadPool(count: threads)
    let running = Counts(pool.count)
    let clashes = Atomic<Int>(0)
    for count in [1, 2, 3, 7, 64, 500] {
      for _ in 0..<100 {
        pool.parallelize(count) { index, thread in
          guard thread >= 0, thread < running.calls.count else {
            clashes.wrappingAdd(1, ordering: .relaxed)
            return
          }
          if running.calls[thread].value.exchange(1, ordering: .acquiringAndReleasing) != 0 {
            clashes.wrappingAdd(1, ordering: .relaxed)
          }
          if index % 3 == 0 { for _ in 0..<50 { clashes.wrappingAdd(0, ordering: .relaxed) } }
          running.calls[thread].value.store(0, ordering: .releasing)
        }
      }
    }
    #expect(clashes.load(ordering: .relaxed) == 0)
  }

  @Test func aloneTheCallerDoesEverythingInOrder() {
    let pool = ThreadPool(count: 3)
    let next = Atomic<Int>(0)
    let strays = Atomic<Int>(0)
    pool.parallelize(100, alone: true) { index, thread in
      if thread != 0 || next.wrappingAdd(1, ordering: .relaxed).oldValue != index {
        strays.wrappingAdd(1, ordering: .relaxed)
      }
    }
    #expect(next.load(ordering: .relaxed) == 100)
    #expect(strays.load(ordering: .relaxed) == 0)
  }

  /// A thread that is kept busy by one item does not keep the rest of its share from being done.
  @Test func sharesOfAStalledThreadAreDoneByOthers() {
    let pool = ThreadPool(count: 2)
    for stalled in [0, 19] {
      let done = Atomic<Int>(0)
      pool.parallelize(20) { index in
        if index == stalled {
          // Waits for all the others, half of which are of its own share.
          while done.load(ordering: .acquiring) < 19 {}
        } else {
          done.wrappingAdd(1, ordering: .acquiringAndReleasing)
        }
      }
      #expect(done.load(ordering: .relaxed) == 19)
    }
  }

  /// Threads that sleep, after a tenth of a millisecond without work, are woken.
  @Test func sleepersAreWoken() async throws {
    let pool = ThreadPool(count: 2)
    let counts = Counts(2)
    for _ in 0..<20 {
      try await Task.sleep(for: .milliseconds(2))
      let arrived = Atomic<Int>(0)
      // Both items wait for each other, which one thread alone could not do.
      pool.parallelize(2) { index in
        arrived.wrappingAdd(1, ordering: .acquiringAndReleasing)
        while arrived.load(ordering: .acquiring) < 2 {}
        counts.calls[index].value.wrappingAdd(1, ordering: .relaxed)
      }
    }
    #expect(counts.values == [20, 20])
  }

  @Test func poolsComeAndGo() {
    for _ in 0..<100 {
      let sum = Atomic<Int>(0)
      ThreadPool(count: 3).parallelize(5) { sum.wrappingAdd($0, ordering: .relaxed) }
      #expect(sum.load(ordering: .relaxed) == 10)
    }
  }
}
