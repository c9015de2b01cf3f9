internal import Glibc
internal import Kernels

/// Memory of one interpreter, zero when it is new.
@safe final class Arena {
  private let address: UnsafeMutableRawPointer
  private let mapped: Int
  let byteCount: Int
  private let budget: MemoryBudget

  /// Bytes behind the end that vector kernels may read.
  static let slack = 128

  /// - Throws: `limitExceeded`, `outOfMemory`.
  init(byteCount: Int, budget: MemoryBudget) throws(ModelError) {
    guard byteCount <= budget.remaining else {
      throw ModelError(
        .limitExceeded,
        "the model needs an arena of \(byteCount) bytes" + (budget.used > 0 ? " more than \(budget.used)" : "")
          + "; the limit is \(budget.limit)")
    }
    let (mapped, overflow) = byteCount.addingReportingOverflow(Self.slack)
    guard byteCount >= 0, !overflow,
      let address = unsafe mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      unsafe address != MAP_FAILED
    else { throw ModelError(.outOfMemory, "cannot allocate an arena of \(byteCount) bytes") }
    unsafe self.address = address
    self.mapped = mapped
    self.byteCount = byteCount
    self.budget = budget
    budget.take(byteCount)
  }

  deinit {
    unsafe munmap(address, mapped)
    budget.giveBack(byteCount)
  }

  /// A part of the arena. The range was planned, so it is inside.
  func slot(offset: Int, count: Int) -> OperandSlot {
    precondition(offset >= 0 && count >= 0 && offset <= byteCount - count)
    return unsafe OperandSlot(address: address + offset, byteCount: count)
  }

  func clear() { unsafe memset(address, 0, byteCount) }
}
