internal import CXNNPack
internal import Glibc

/// The memory that the library allocates: the system's, with two additions. Blocks that are asked for while an operator is created can be recorded,
/// and aligned blocks can be marked as shared, which the library then cannot free.
///
/// Safe to use from several threads; a recording sees only what its own thread allocates.
enum OperatorMemory {
  /// A block that the library asked for.
  @safe struct Block {
    let address: UnsafeMutableRawPointer
    let byteCount: Int
    /// Whether it is one of the blocks that can be shared.
    let isAligned: Bool
  }

  @safe private final class Recording {
    var blocks: [Block] = []

    func forget(_ address: UnsafeMutableRawPointer?) {
      blocks.removeAll { unsafe $0.address == address }
    }
  }

  /// What stands in front of an aligned block.
  @safe private struct Header {
    var start: UnsafeMutableRawPointer
    var isShared: Bool
  }

  /// The key of the recording of each thread; nil where the system has none left.
  private static let recordingKey: pthread_key_t? = {
    var key = pthread_key_t()
    return unsafe pthread_key_create(&key, nil) == 0 ? key : nil
  }()

  private static var recording: Recording? {
    guard let key = recordingKey, let pointer = unsafe pthread_getspecific(key) else { return nil }
    return unsafe Unmanaged<Recording>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// The blocks that `body` allocates through ``allocator`` on this thread and does not free; empty where nothing can be recorded.
  static func record<Result>(_ body: () -> Result) -> (result: Result, blocks: [Block]) {
    guard let key = recordingKey else { return (body(), []) }
    let recording = Recording()
    return withExtendedLifetime(recording) {
      guard unsafe pthread_setspecific(key, Unmanaged.passUnretained(recording).toOpaque()) == 0 else {
        return (body(), [])
      }
      let result = body()
      _ = pthread_setspecific(key, nil)
      return (result, recording.blocks)
    }
  }

  /// What the library is initialised with; never freed.
  static var allocator: UnsafePointer<xnn_allocator> { unsafe UnsafePointer(leaked.allocator) }

  @safe private struct Leaked: @unchecked Sendable {
    let allocator: UnsafeMutablePointer<xnn_allocator>
  }

  private static let leaked: Leaked = {
    let pointer = UnsafeMutablePointer<xnn_allocator>.allocate(capacity: 1)
    unsafe pointer.initialize(
      to: xnn_allocator(
        context: nil,
        allocate: { _, count in unsafe OperatorMemory.allocate(count) },
        reallocate: { _, pointer, count in unsafe OperatorMemory.reallocate(pointer, count) },
        deallocate: { _, pointer in unsafe OperatorMemory.deallocate(pointer) },
        aligned_allocate: { _, alignment, count in unsafe OperatorMemory.allocate(alignment: alignment, count) },
        aligned_deallocate: { _, pointer in unsafe OperatorMemory.deallocateAligned(pointer) }))
    return unsafe Leaked(allocator: pointer)
  }()

  static func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
    guard let memory = unsafe malloc(count) else { return nil }
    if let recording { unsafe recording.blocks.append(Block(address: memory, byteCount: count, isAligned: false)) }
    return unsafe memory
  }

  static func deallocate(_ pointer: UnsafeMutableRawPointer?) {
    if let recording { unsafe recording.forget(pointer) }
    unsafe free(pointer)
  }

  private static func reallocate(_ pointer: UnsafeMutableRawPointer?, _ count: Int) -> UnsafeMutableRawPointer? {
    guard let memory = unsafe realloc(pointer, count) else { return nil }
    if let recording {
      unsafe recording.forget(pointer)
      unsafe recording.blocks.append(Block(address: memory, byteCount: count, isAligned: false))
    }
    return unsafe memory
  }

  static func allocate(alignment: Int, _ count: Int) -> UnsafeMutableRawPointer? {
    let room = max(alignment, 64)
    let (total, overflow) = count.addingReportingOverflow(room)
    var start: UnsafeMutableRawPointer?
    guard !overflow, unsafe posix_memalign(&start, room, total) == 0, let start = unsafe start else { return nil }
    let memory = unsafe start + room
    unsafe header(of: memory).initialize(to: Header(start: start, isShared: false))
    if let recording { unsafe recording.blocks.append(Block(address: memory, byteCount: count, isAligned: true)) }
    return unsafe memory
  }

  static func deallocateAligned(_ pointer: UnsafeMutableRawPointer?) {
    guard let pointer = unsafe pointer else { return }
    if let recording { unsafe recording.forget(pointer) }
    let header = unsafe header(of: pointer)
    if unsafe header.pointee.isShared { return }
    unsafe free(header.pointee.start)
  }

  /// Says whether the library may free an aligned block. Nobody else may use the block meanwhile.
  static func setShared(_ block: Block, _ isShared: Bool) {
    unsafe header(of: block.address).pointee.isShared = isShared
  }

  private static func header(of memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Header> {
    unsafe (memory - MemoryLayout<Header>.stride).assumingMemoryBound(to: Header.self)
  }
}
