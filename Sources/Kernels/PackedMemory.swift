internal import FlatBuffers
internal import Synchronization

/// Memory for the packed forms of one model, next to each other in huge pages: tens of thousands of page faults would take longer than packing.
final class PackedMemory: Sendable {
  private struct Slab {
    let bytes: SharedBytes
    var used = 0
  }
  private let slab = Mutex<Slab?>(nil)

  /// Only what is written takes memory, up to the next huge page.
  private static let slabBytes = 64 << 20

  /// New memory of zeros, aligned to 64 bytes and followed by 64 that may be read; nil when there is none. It belongs to the caller, who may write it
  /// until it is shared.
  func take(_ count: Int) -> SharedBytes? {
    let (padded, overflow) = count.addingReportingOverflow(2 * SharedBytes.alignment - 1)
    guard !overflow, count >= 0 else { return nil }
    let rounded = padded / SharedBytes.alignment * SharedBytes.alignment
    return slab.withLock { slab in
      if let current = slab, rounded <= current.bytes.count - current.used {
        slab?.used += rounded
        return current.bytes.slice(offset: current.used, count: count)
      }
      guard let bytes = Self.allocate(max(rounded, Self.slabBytes)) ?? Self.allocate(rounded) else { return nil }
      slab = Slab(bytes: bytes, used: rounded)
      return bytes.slice(offset: 0, count: count)
    }
  }

  private static func allocate(_ count: Int) -> SharedBytes? {
    try? unsafe SharedBytes.make(count: count, failure: { $0 }, fill: { _ throws(SharedBytesError) in })
  }
}
