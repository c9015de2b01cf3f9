/// An `.npz` archive: named arrays in a zip file. Arrays are read when they are asked for.
///
/// Stored and deflated entries are read, with zip64 and data descriptors; the central directory alone decides what the
/// archive holds. Entries whose name does not end in `.npy` are ignored. Two arrays of one name are an error, because
/// programs would disagree about which is meant. May be used from several threads at once.
package struct NumpyArchive: Sendable {
  /// The names of the arrays without `.npy`, in the archive's order.
  package let names: [String]
  /// The names of the entries that are no arrays.
  package let ignoredEntries: [String]

  private let source: ByteSource
  private let directory: ZipDirectory
  private let limits: TensorFileLimits
  /// For every name, the entry in the directory.
  private let entryIndices: [Int]
  private let indices: [String: Int]

  /// Opens an archive and reads its directory. Throws ``TensorFileError``.
  package init(contentsOf path: String, limits: TensorFileLimits = .init()) throws(TensorFileError) {
    try self.init(ByteSource(path: path, limits: limits), limits: limits)
  }

  /// Reads the directory of an archive in memory. Errors call it `name`.
  package init(npz bytes: [UInt8], name: String, limits: TensorFileLimits = .init()) throws(TensorFileError) {
    try self.init(ByteSource(bytes: bytes, name: name), limits: limits)
  }

  private init(_ source: ByteSource, limits: TensorFileLimits) throws(TensorFileError) {
    directory = try ZipDirectory(source, limits: limits)
    var names: [String] = []
    var ignoredEntries: [String] = []
    var entryIndices: [Int] = []
    var indices: [String: Int] = [:]
    for (entryIndex, entry) in directory.entries.enumerated() {
      let entryName = String(decoding: entry.name, as: UTF8.self)
      guard entryName.utf8.suffix(4).elementsEqual(".npy".utf8) else {
        ignoredEntries.append(entryName)
        continue
      }
      let name = String(decoding: entryName.utf8.dropLast(4), as: UTF8.self)
      guard indices.updateValue(names.count, forKey: name) == nil else {
        throw TensorFileError(
          file: source.name, entry: entryName, reason: .malformed, message: "the archive has two arrays of this name")
      }
      names.append(name)
      entryIndices.append(entryIndex)
    }
    self.names = names
    self.ignoredEntries = ignoredEntries
    self.entryIndices = entryIndices
    self.indices = indices
    self.source = source
    self.limits = limits
  }

  /// The number of arrays.
  package var count: Int { names.count }

  /// Where `name` is in ``names``; nil when there is no such array.
  package func index(of name: String) -> Int? { indices[name] }

  /// Reads and checks the array of a name. Throws `missingEntry` when there is none.
  package func array(named name: String) throws(TensorFileError) -> NumpyArray {
    guard let index = indices[name] else {
      let known = names.prefix(20).joined(separator: ", ")
      throw TensorFileError(
        file: source.name, entry: name, reason: .missingEntry,
        message: names.isEmpty ? "there is no array in the archive" : "no such array; the archive has \(known)")
    }
    return try array(at: index)
  }

  /// Reads and checks the array at an index of ``names``.
  package func array(at index: Int) throws(TensorFileError) -> NumpyArray {
    try NumpyArray(reader(at: index), limits: limits)
  }

  /// Reads the type and the shape of the array at an index of ``names``, without its data and their checksum.
  package func header(at index: Int) throws(TensorFileError) -> NumpyHeader {
    try NumpyHeader(reader(at: index), limits: limits)
  }

  private func reader(at index: Int) throws(TensorFileError) -> EntryReader {
    let entry = directory.entries[entryIndices[index]]
    let entryName = names[index] + ".npy"
    do throws(Problem) {
      guard !entry.isEncrypted else { throw Problem(reason: .unsupported, message: "it is encrypted") }
      let method: StoredEntry.Method
      switch entry.method {
      case 0: method = .stored
      case 8: method = .deflated
      default:
        throw Problem(reason: .unsupported, message: "its compression method \(entry.method) is not stored or deflate")
      }
      let stored = StoredEntry(
        name: entryName, offset: try directory.dataOffset(of: entry), storedCount: entry.storedCount,
        count: entry.count,
        method: method, checksum: entry.checksum)
      do throws(TensorFileError) {
        return try EntryReader(stored, in: source, limits: limits)
      } catch {
        throw Problem(reason: error.reason, message: error.message)
      }
    } catch {
      throw error.located(file: source.name, entry: entryName)
    }
  }
}
