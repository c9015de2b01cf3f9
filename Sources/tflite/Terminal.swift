internal import Foundation

/// Colour and width for people; plain text where the output is not a terminal.
enum Terminal {
  static let isInteractive = isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

  static func bold(_ text: String) -> String { isInteractive ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  static func dim(_ text: String) -> String { isInteractive ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
  static func green(_ text: String) -> String { isInteractive ? "\u{1B}[32m\(text)\u{1B}[0m" : text }

  /// A bar of `width` characters of which `fraction` is filled, in eighths.
  static func bar(_ fraction: Double, width: Int) -> String {
    let clamped = fraction.isFinite ? min(max(fraction, 0), 1) : 0
    let eighths = Int((clamped * Double(width * 8)).rounded())
    let parts: [Character] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    var bar = String(repeating: "█", count: eighths / 8)
    if eighths % 8 > 0 { bar.append(parts[eighths % 8]) }
    return bar + String(repeating: " ", count: width - bar.count)
  }
}

/// Lays rows out in columns.
struct TextTable {
  enum Alignment { case left, right }
  let alignments: [Alignment]
  private var rows: [[String]] = []

  init(_ header: [String], _ alignments: [Alignment]) {
    self.alignments = alignments
    rows = [header]
  }

  mutating func add(_ row: [String]) { rows.append(row) }

  func text(indent: String = "") -> String {
    let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.enumerated().map { number, row in
      let line =
        indent
        + row.indices.map { column in
          let space = String(repeating: " ", count: widths[column] - row[column].count)
          return alignments[column] == .left ? row[column] + space : space + row[column]
        }.joined(separator: "  ")
      let trimmed = String(line.reversed().drop { $0 == " " }.reversed())
      return number == 0 ? Terminal.bold(trimmed) : trimmed
    }.joined(separator: "\n")
  }
}

extension Double {
  /// With a fixed number of decimals.
  func text(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}

extension Int {
  /// With thousands separated by commas.
  var grouped: String {
    var digits = String(magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits = String(digits.dropLast(3))
    }
    return (self < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
  }
}

/// Prints a value as JSON with keys in snake case and in order.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  FileHandle.standardOutput.write(try encoder.encode(value))
  FileHandle.standardOutput.write(Data("\n".utf8))
}
