internal import Glibc
internal import JSONText
package import Logging

/// Writes each message as one line of JSON to standard error: time, level, label, message and metadata.
package struct JSONLogHandler: LogHandler {
  private let label: String
  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]

  package init(label: String, level: Logger.Level) {
    self.label = label
    logLevel = level
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let own = event.metadata ?? [:]
    let line = JSONWriter.object { writer in
      writer.member("time", Self.now())
      writer.member("level", event.level.rawValue)
      writer.member("logger", label)
      writer.member("message", event.message.description)
      for (key, value) in metadata.merging(own, uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }) {
        writer.member(key, value.description)
      }
    }
    var bytes = line
    bytes.append(0x0A)
    // One call writes the line as a whole.
    _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  private static func now() -> String {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    var parts = unsafe tm()
    unsafe gmtime_r(&time.tv_sec, &parts)
    func padded(_ value: some BinaryInteger, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(width - digits.utf8.count, 0)) + digits
    }
    let date = unsafe "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
    let clock = unsafe "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
    return "\(date)T\(clock).\(padded(time.tv_nsec / 1_000_000, 3))Z"
  }
}
