internal import CXNNPack
internal import Glibc
internal import Synchronization

/// An operator of the library as it was created, with its packed weights: the original of the copies that are set up and run.
///
/// The library of Debian 12 has no cache for packed weights: each operator owns its own, and belongs to one thread at a time. But an operator that was
/// just created is a block of memory that points to others, and setting it up or running it writes to none of those that are aligned for
/// vectors (weights, zeros, tables). So a copy of the block may share them. What else it points to, a table of transposed
/// convolutions, is copied too. Where an operator is not made like that, none is made of it; ``copiesWork`` tries it out once per process.
///
/// Immutable, so safe to use from several threads. Copies must be deleted before their original is let go.
@safe final class PackedOperator: @unchecked Sendable {
  private let original: xnn_operator_t
  private let byteCount: Int
  /// Blocks that all copies use.
  private let shared: [OperatorMemory.Block]
  /// Blocks of which each copy has its own, with where the operator points to them.
  private let copied: [(block: OperatorMemory.Block, offset: Int)]
  /// Tells packed operators apart, those too that had the same address one after the other.
  let serial: Int

  private static let serials = Atomic<Int>(0)

  enum Failure: Error {
    /// The library did not create the operator.
    case refused(xnn_status)
    /// The operator is not made as copies need it.
    case notCopyable
  }

  /// Creates the original.
  init(_ create: (UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status) throws(Failure) {
    var created: xnn_operator_t?
    let (status, blocks) = OperatorMemory.record { unsafe create(&created) }
    guard status == xnn_status_success, let handle = unsafe created else {
      throw .refused(status == xnn_status_success ? xnn_status_invalid_state : status)
    }
    guard let (byteCount, copied) = unsafe Self.layout(handle, blocks) else {
      _ = unsafe xnn_delete_operator(handle)
      throw .notCopyable
    }
    unsafe original = handle
    self.byteCount = byteCount
    self.copied = copied
    shared = blocks.dropFirst().filter(\.isAligned)
    serial = Self.serials.add(1, ordering: .relaxed).newValue
    for block in shared { OperatorMemory.setShared(block, true) }
  }

  /// The size of a new operator and the blocks of which copies need their own; nil where it is not made as expected.
  private static func layout(
    _ handle: xnn_operator_t, _ blocks: [OperatorMemory.Block]
  ) -> (byteCount: Int, copied: [(block: OperatorMemory.Block, offset: Int)])? {
    let start = unsafe UnsafeMutableRawPointer(handle)
    guard let own = blocks.first, own.isAligned, unsafe own.address == start else { return nil }
    var copied: [(block: OperatorMemory.Block, offset: Int)] = []
    for block in blocks.dropFirst() {
      // Exactly one word of the operator is the block's address.
      let offsets = stride(from: 0, to: own.byteCount - 7, by: 8).filter {
        unsafe start.load(fromByteOffset: $0, as: UInt.self) == UInt(bitPattern: block.address)
      }
      guard offsets.count == 1 else { return nil }
      if !block.isAligned { copied.append((block, offsets[0])) }
    }
    return (own.byteCount, copied)
  }

  deinit {
    for block in shared { OperatorMemory.setShared(block, false) }
    _ = unsafe xnn_delete_operator(original)
  }

  /// Bytes of what copies share.
  var sharedBytes: Int { shared.reduce(0) { $0 + $1.byteCount } }

  /// A new operator that uses the same packed weights; nil when there is no memory.
  func copy() -> xnn_operator_t? {
    guard let memory = unsafe OperatorMemory.allocate(alignment: 64, byteCount) else { return nil }
    unsafe memory.copyMemory(from: UnsafeRawPointer(original), byteCount: byteCount)
    var owned: [UnsafeMutableRawPointer] = unsafe []
    for (block, offset) in copied {
      guard let own = unsafe OperatorMemory.allocate(block.byteCount) else {
        unsafe owned.forEach { unsafe OperatorMemory.deallocate($0) }
        unsafe OperatorMemory.deallocateAligned(memory)
        return nil
      }
      unsafe own.copyMemory(from: block.address, byteCount: block.byteCount)
      unsafe memory.storeBytes(of: UInt(bitPattern: own), toByteOffset: offset, as: UInt.self)
      unsafe owned.append(own)
    }
    return OpaquePointer(memory)
  }

  /// Whether copies of operators compute what their original would, tried out with a product of a row and of two rows.
  static let copiesWork: Bool = {
    guard XNNPackLibrary.status == xnn_status_success else { return false }
    let weights: [Float] = [1, 2, 3, 4, 5, 6]
    let packed = try? unsafe PackedOperator {
      unsafe xnn_create_fully_connected_nc_f32(3, 2, 3, 2, weights, nil, -Float.infinity, Float.infinity, 0, $0)
    }
    guard let packed else { return false }
    // The library reads past the end of its operands.
    let input = (0..<64).map { $0 < 6 ? Float($0) : 0 }
    for rows in [1, 2] {
      guard let handle = unsafe packed.copy() else { return false }
      defer { _ = unsafe xnn_delete_operator(handle) }
      var output = [Float](repeating: 0, count: 64)
      let isRun = unsafe input.withUnsafeBufferPointer { source in
        unsafe output.withUnsafeMutableBufferPointer { target in
          unsafe xnn_setup_fully_connected_nc_f32(handle, rows, source.baseAddress, target.baseAddress, nil)
            == xnn_status_success && xnn_run_operator(handle, nil) == xnn_status_success
        }
      }
      guard isRun, Array(output[..<(2 * rows)]) == Array([8, 17, 26, 62][..<(2 * rows)]) else { return false }
    }
    return true
  }()
}
