internal import Glibc

/// Immutable bytes at a fixed address, shared by reference: a mapped file, or memory of our own.
///
/// Everything that is read from a model (tables, strings, constants) is a slice of such bytes, and so are weights that were
/// packed for a kernel. The memory lives as long as any reference to it. Safe to use from several threads.
///
/// A mapped file must not be shortened by another process while it is mapped: the system then ends the process with `SIGBUS`.
@safe public final class SharedBytes: @unchecked Sendable {
  /// The first byte; valid for `count` bytes while this object lives.
  public let baseAddress: UnsafeRawPointer
  /// The number of bytes.
  public let count: Int
  private let owner: Owner

  @safe private enum Owner {
    case allocation
    case mapping(UnsafeMutableRawPointer, length: Int)
    case file(UnsafeMutableRawPointer, length: Int)
    case parent(SharedBytes)
  }

  /// The alignment in bytes of memory that this type allocates.
  public static let alignment = 64

  private init(baseAddress: UnsafeRawPointer, count: Int, owner: Owner) {
    unsafe self.baseAddress = baseAddress
    self.count = count
    self.owner = owner
  }

  deinit {
    switch owner {
    case .allocation: unsafe free(UnsafeMutableRawPointer(mutating: baseAddress))
    case .mapping(let address, let length), .file(let address, let length): unsafe munmap(address, length)
    case .parent: break
    }
  }

  /// New memory of `count` zero bytes, aligned to 64, that `fill` writes before it becomes immutable.
  ///
  /// - Throws: ``SharedBytesError/outOfMemory(bytes:)``, or what `fill` throws.
  public static func make<E: Error>(
    count: Int, failure: (SharedBytesError) -> E, fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) -> SharedBytes {
    let bytes: SharedBytes
    let memory: UnsafeMutableRawPointer
    if count >= hugePage, let mapping = unsafe map(count) {
      unsafe memory = mapping.address
      bytes = unsafe SharedBytes(
        baseAddress: memory, count: count, owner: .mapping(mapping.address, length: mapping.length))
    } else {
      guard count >= 0, let allocated = unsafe allocate(count) else { throw failure(.outOfMemory(bytes: count)) }
      unsafe memory = allocated
      bytes = unsafe SharedBytes(baseAddress: memory, count: count, owner: .allocation)
    }
    try unsafe fill(UnsafeMutableRawBufferPointer(start: memory, count: count))
    return bytes
  }

  /// A copy of `bytes`.
  ///
  /// - Throws: ``SharedBytesError/outOfMemory(bytes:)``.
  public convenience init(copying bytes: RawSpan) throws(SharedBytesError) {
    guard let memory = unsafe Self.allocate(bytes.byteCount) else {
      throw .outOfMemory(bytes: bytes.byteCount)
    }
    unsafe bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { unsafe memory.copyMemory(from: start, byteCount: source.count) }
    }
    unsafe self.init(baseAddress: memory, count: bytes.byteCount, owner: .allocation)
  }

  /// New memory of `count` zero bytes.
  ///
  /// - Throws: ``SharedBytesError/outOfMemory(bytes:)``.
  public convenience init(zeros count: Int) throws(SharedBytesError) {
    guard count >= 0, let memory = unsafe Self.allocate(count) else { throw .outOfMemory(bytes: count) }
    unsafe self.init(baseAddress: memory, count: count, owner: .allocation)
  }

  /// Maps the file at `path` read-only.
  ///
  /// - Throws: ``SharedBytesError`` when the file cannot be opened or mapped, or is not a regular file.
  public convenience init(mappingFileAt path: String) throws(SharedBytesError) {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever; regular files do not care.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(call: "open", code: errno) }
    defer { close(descriptor) }
    try self.init(mapping: descriptor, offset: 0, length: nil)
  }

  /// Maps `length` bytes (to the end of the file when nil) of an open file from `offset`, read-only. The descriptor may be
  /// closed afterwards.
  ///
  /// - Throws: ``SharedBytesError`` when the range is not inside the file, or the system refuses.
  public convenience init(mapping descriptor: Int32, offset: Int, length: Int?) throws(SharedBytesError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .system(call: "fstat", code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile }
    let fileSize = Int(status.st_size)
    guard offset >= 0, offset <= fileSize else {
      throw .rangeOutsideFile(offset: offset, length: length ?? 0, fileSize: fileSize)
    }
    let count = length ?? (fileSize - offset)
    guard count >= 0, count <= fileSize - offset else {
      throw .rangeOutsideFile(offset: offset, length: count, fileSize: fileSize)
    }
    guard count > 0 else {
      try self.init(copying: RawSpan())
      return
    }
    let page = sysconf(Int32(_SC_PAGESIZE))
    let start = offset / page * page
    let mapped = count + (offset - start)
    guard let address = unsafe mmap(nil, mapped, PROT_READ, MAP_PRIVATE, descriptor, start),
      unsafe address != MAP_FAILED
    else { throw .system(call: "mmap", code: errno) }
    unsafe self.init(
      baseAddress: UnsafeRawPointer(address) + (offset - start), count: count,
      owner: .file(address, length: mapped))
  }

  /// A part of these bytes that keeps the whole alive; nil when the range is not inside.
  public func slice(offset: Int, count: Int) -> SharedBytes? {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else { return nil }
    return unsafe SharedBytes(baseAddress: baseAddress + offset, count: count, owner: .parent(self))
  }

  /// Where other bytes are in these; nil when they are not, or have no length.
  package func offset(of other: SharedBytes) -> Int? {
    let offset = unsafe Int(bitPattern: other.baseAddress) - Int(bitPattern: baseAddress)
    guard other.count > 0, offset >= 0, offset <= count, other.count <= count - offset else { return nil }
    return offset
  }

  /// The bytes, for as long as this object is alive.
  public var span: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeStart: baseAddress, byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Tells the system that bytes which are mapped from a file will hardly be read again, so that their pages need not stay in memory. They can
  /// be read as before.
  public func releasePages() {
    var root = self
    while case .parent(let parent) = root.owner { root = parent }
    guard case .file = root.owner else { return }
    let page = sysconf(Int32(_SC_PAGESIZE))
    let start = unsafe (Int(bitPattern: baseAddress) + page - 1) / page * page
    let end = unsafe (Int(bitPattern: baseAddress) + count) / page * page
    guard start < end, let address = unsafe UnsafeMutableRawPointer(bitPattern: start) else { return }
    unsafe madvise(address, end - start, MADV_DONTNEED)
  }

  private static let hugePage = 2 << 20

  /// Large memory of its own, in huge pages where the system has some: fewer page faults, fewer misses of the translation buffer.
  private static func map(_ count: Int) -> (address: UnsafeMutableRawPointer, length: Int)? {
    // Vector kernels may read up to one vector past the last element of packed weights.
    let (length, overflow) = count.addingReportingOverflow(alignment)
    guard !overflow,
      let address = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      unsafe address != MAP_FAILED
    else { return nil }
    unsafe madvise(address, length, MADV_HUGEPAGE)
    return unsafe (address, length)
  }

  private static func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
    // Vector kernels may read up to one vector past the last element of packed weights.
    let (padded, overflow) = count.addingReportingOverflow(2 * alignment - 1)
    guard !overflow else { return nil }
    let rounded = padded & ~(alignment - 1)
    guard let memory = unsafe aligned_alloc(alignment, rounded) else { return nil }
    unsafe memset(memory, 0, rounded)
    return unsafe memory
  }
}

/// Why bytes could not be had.
public enum SharedBytesError: Error, Sendable, Equatable, CustomStringConvertible {
  case outOfMemory(bytes: Int)
  case notARegularFile
  case rangeOutsideFile(offset: Int, length: Int, fileSize: Int)
  /// A system call failed with this `errno`.
  case system(call: String, code: Int32)

  public var description: String {
    switch self {
    case .outOfMemory(let bytes): "cannot allocate \(bytes) bytes"
    case .notARegularFile: "not a regular file"
    case .rangeOutsideFile(let offset, let length, let fileSize):
      "bytes \(offset) to \(offset)+\(length) are not inside the file of \(fileSize) bytes"
    case .system(let call, let code): "\(call): \(unsafe String(cString: strerror(code)))"
    }
  }
}
