internal import Foundation
internal import TFLiteRuntime

/// The page of `benchmark --html`: one document with data, style and script inside, which loads nothing and sends nothing.
enum ReportPage {
  /// - Parameter report: drawn by the script in the page.
  static func html(_ report: InterleavedReport) throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let json = String(decoding: try encoder.encode(report), as: UTF8.self)
    let title = "\(report.model.split(separator: "/").last ?? "model"): benchmark"
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="\(contentSecurityPolicy)">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(escaped(title))</title>
      <style>\(ReportStyle.text)</style>
      </head>
      <body>
      <h1>\(escaped(report.model))</h1>
      <p class="note">\(escaped(introduction(report)))</p>
      <h2>Configurations</h2>
      <div class="wide"><table id="configurations"></table></div>
      <p class="note">Ratios are those of medians to the first line's, with the interval that they lie in with a probability of 95 %. Load time,
      first invocation and peak memory (above the process before loading) are of a process of its own for each line.</p>
      <h2>Latency</h2>
      <div id="latencies"></div>
      <h2>Operators</h2>
      <p class="note">Runs on<span class="key builtin"></span>built-in kernels<span class="key xnnpack"></span>XNNPACK<span
      class="key accelerator"></span>the accelerator's simulation<span class="key other"></span>another delegate</p>
      <div id="operators"></div>
      <h2>Partitions</h2>
      <p class="note">Operators in the model's order, numbered by partition; the reason for each one's place is under the pointer.</p>
      <div id="maps"></div>
      <h2>Arena</h2>
      <p class="note">Time across, bytes down:<span class="key tensor"></span>tensors (several where operators work in place) and<span
      class="key scratch"></span>scratch memory.</p>
      <div id="arenas"></div>
      <script type="application/json" id="data">\(inScript(json))</script>
      <script>\(ReportScript.text)</script>
      </body>
      </html>

      """
  }

  /// Allows this style and this script and nothing else.
  static var contentSecurityPolicy: String {
    "default-src 'none'; style-src '\(hash(ReportStyle.text))'; script-src '\(hash(ReportScript.text))'; base-uri 'none'; form-action 'none'"
  }

  private static func introduction(_ report: InterleavedReport) -> String {
    let estimate = report.configurations.lazy.compactMap(\.deviceEstimate).first
    return "\(report.processor), \(report.runs) runs of each configuration, taking turns of \(report.runsPerTurn)."
      + (estimate.map { " Of the accelerator the simulation on this CPU was measured; \($0.text)." } ?? "")
  }

  private static func hash(_ text: String) -> String { "sha256-" + Data(SHA256.hash(text)).base64EncodedString() }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }

  /// JSON that no parser of HTML takes for markup: what would be is within strings.
  private static func inScript(_ json: String) -> String {
    json.replacing("&", with: "\\u0026").replacing("<", with: "\\u003c").replacing(">", with: "\\u003e")
  }
}
