internal import Foundation

/// How far long work is, in one line on standard error that is overwritten; nothing where that is no terminal.
struct ProgressLine {
  private static let isShown = isatty(STDERR_FILENO) == 1
  private static let interval = Duration.milliseconds(100)
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant?

  /// Shows a bar and `note`, which is asked for only when it is time for it.
  mutating func show(_ done: Int, of total: Int, note: () -> String = { "" }) {
    guard Self.isShown else { return }
    let now = clock.now
    if let last, now - last < Self.interval { return }
    last = now
    let bar = Terminal.bar(Double(done) / Double(max(total, 1)), width: 24)
    write("\r\u{1B}[K\(bar) \(done.grouped) of \(total.grouped)  \(note())")
  }

  /// Leaves the line empty.
  mutating func clear() {
    guard Self.isShown, last != nil else { return }
    last = nil
    write("\r\u{1B}[K")
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
