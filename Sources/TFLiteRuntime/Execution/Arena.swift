internal import Glibc
internal import Kernels

/// Memory of one interpreter, zero when it is new.
@safe final class Arena {
  private let address: UnsafeMutableRawPointer
  private let mapped: Int
  let byteCount: Int

  /// Bytes behind the end that vector kernels may read.
  static let slack = 128

  /// - Throws: `outOfMemory`.
  init(byteCount: Int) throws(ModelError) {
    let (mapped, overflow) = byteCount.addingReportingOverflow(Self.slack)
    guard byteCount >= 0, !overflow,
      let address = unsafe mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      unsafe address != MAP_FAILED
    else { throw ModelError(.outOfMemory, "cannot allocate an arena of \(byteCount) bytes") }
    unsafe self.address = address
    self.mapped = mapped
    self.byteCount = byteCount
  }

  deinit { unsafe munmap(address, mapped) }

  /// A part of the arena. The range was planned, so it is inside.
  func slot(offset: Int, count: Int) -> OperandSlot {
    precondition(offset >= 0 && count >= 0 && offset <= byteCount - count)
    return unsafe OperandSlot(address: address + offset, byteCount: count)
  }

  func clear() { unsafe memset(address, 0, byteCount) }
}
