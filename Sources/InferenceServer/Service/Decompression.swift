internal import SystemInterface

extension Decompressor {
  /// What a message becomes, counted before it is kept.
  ///
  /// - Throws: ``ServingError`` when that is more than may be taken, or the message is damaged or cut off.
  static func decompressed(_ message: [UInt8], _ admission: Admission) throws(ServingError) -> [UInt8] {
    // Clients mark empty messages too.
    guard !message.isEmpty else { return [] }
    let decompressor = try ServingError.decompressing { () throws(DecompressionError) in try Decompressor() }
    decompressor.append(message)
    var bytes: [UInt8] = []
    while let part = try ServingError.decompressing({ () throws(DecompressionError) in try decompressor.next() }) {
      try admission.take(part.count)
      bytes += part
    }
    guard decompressor.isAtEnd else { throw ServingError.endedEarly }
    return bytes
  }
}

extension ServingError {
  /// Compressed data that were cut off.
  static let endedEarly = damaged("they end too early")

  /// Runs `body`, and says of its errors what clients learn.
  static func decompressing<Value>(
    _ body: () throws(DecompressionError) -> Value
  ) throws(ServingError) -> Value {
    do throws(DecompressionError) { return try body() } catch {
      switch error {
      case .damaged(let reason): throw damaged(reason)
      case .outOfMemory: throw ServingError(.unavailable, "there is no memory to decompress the request")
      }
    }
  }

  private static func damaged(_ reason: String) -> ServingError {
    ServingError(.invalidArgument, "the request's compressed data are damaged: \(reason)")
  }
}
