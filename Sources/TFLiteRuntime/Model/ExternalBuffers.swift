internal import FlatBuffers

/// Constants in files beside the model. Files are mapped when the first tensor needs them.
///
/// Source: the schema's `ExternalBuffer` and `ExternalBufferGroup`.
struct ExternalBuffers {
  private let records: [UInt32: ExternalBufferRecord]
  private let names: [String]
  private let folder: String?
  private var files: [Int: SharedBytes] = [:]

  init(_ stored: FlatBufferTables, groups: FlatBufferTables?, folder: String?) throws(ModelError) {
    var records: [UInt32: ExternalBufferRecord] = [:]
    for index in 0..<stored.count {
      let record = try located { () throws(FlatBufferError) in try ExternalBufferRecord(stored.table(index)) }
      guard records.updateValue(record, forKey: record.id) == nil else {
        throw ModelError(.malformed, "two external buffers have the id \(record.id)")
      }
    }
    var names: [String] = []
    if let groups {
      for index in 0..<groups.count {
        names.append(
          try located { () throws(FlatBufferError) in
            try groups.table(index).string(Schema.ExternalBufferGroup.name) ?? ""
          })
      }
    }
    self.records = records
    self.names = names
    self.folder = folder
  }

  mutating func bytes(id: UInt32, at location: ModelError.Location) throws(ModelError) -> SharedBytes {
    guard let record = records[id] else {
      throw ModelError(.malformed, "external buffer \(id) is not in the model", at: location)
    }
    guard record.packing.isEmpty else {
      throw ModelError(.unsupported, "external buffer \(id) is packed as '\(record.packing)'", at: location)
    }
    guard record.group < names.count else {
      throw ModelError(
        .malformed, "external buffer \(id) is in file \(record.group); the model names \(names.count)", at: location)
    }
    let file = try file(record.group, at: location)
    guard let offset = Int(exactly: record.offset), let length = Int(exactly: record.length),
      let bytes = file.slice(offset: offset, count: length)
    else {
      throw ModelError(
        .malformed,
        "external buffer \(id) is \(record.length) bytes at \(record.offset) of '\(names[record.group])', which has "
          + "\(file.count)", at: location)
    }
    return bytes
  }

  private mutating func file(_ group: Int, at location: ModelError.Location) throws(ModelError) -> SharedBytes {
    if let file = files[group] { return file }
    let name = names[group]
    // A model may only reach files that were put beside it.
    guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 })
    else {
      throw ModelError(.malformed, "external buffers in '\(name)', which is not a plain file name", at: location)
    }
    guard let folder else {
      throw ModelError(
        .unreadable, "weights are in the file '\(name)' beside the model; load the model by its path", at: location)
    }
    do {
      let file = try SharedBytes(mappingFileAt: folder.hasSuffix("/") ? folder + name : folder + "/" + name)
      files[group] = file
      return file
    } catch {
      throw ModelError(.unreadable, "external buffers in '\(name)': \(error)", at: location)
    }
  }
}
