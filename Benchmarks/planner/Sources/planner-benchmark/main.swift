// Prints, for each hard instance, the bytes of TFLite's greedy rule, of all greedy orders and of the search, each as a multiple of the
// load bound, and the time that the search took.
//
//   swift run -c release planner-benchmark [--seed N] [FILE.csv ...]
//
// A file has the columns id, lower, upper (exclusive), size, as MiniMalloc's benchmarks have; without files, instances are made from the
// seed (default 1).

import Glibc
import TFLiteRuntime

func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
  let spaces = String(repeating: " ", count: max(0, width - text.count))
  return left ? spaces + text : text + spaces
}

func thousandths(_ value: Double) -> String {
  let rounded = Int((value * 1000).rounded())
  return "\(rounded / 1000)." + padded("\(rounded % 1000 + 1000)".dropFirst().description, 3)
}

func row(_ cells: [String]) {
  print(padded(cells[0], 28) + cells.dropFirst().map { padded($0, 9, left: true) }.joined())
}

/// TFLite's rule: by descending size, into the smallest gap that is large enough, or on top.
func greedyBySizeBytes(_ buffers: [ArenaBuffer]) -> Int {
  var placed: [(buffer: ArenaBuffer, offset: Int)] = []
  var bytes = 0
  for buffer in buffers.sorted(by: { ($0.size, -$0.firstUse) > ($1.size, -$1.firstUse) }) {
    var best: (gap: Int, offset: Int)?
    var top = 0
    for other in placed where other.buffer.firstUse <= buffer.lastUse && buffer.firstUse <= other.buffer.lastUse {
      let gap = other.offset - top
      if gap >= buffer.size && gap < best?.gap ?? Int.max { best = (gap, top) }
      top = max(top, other.offset + other.buffer.size)
    }
    let offset = best?.offset ?? top
    placed.insert((buffer, offset), at: placed.firstIndex { $0.offset > offset } ?? placed.count)
    bytes = max(bytes, offset + buffer.size)
  }
  return bytes
}

func measure(_ instance: PackingInstance) throws {
  let greedy = try MemoryPlanner.plan(instance.buffers, effort: .greedy)
  let start = ContinuousClock.now
  let plan = try MemoryPlanner.plan(instance.buffers)
  let duration = start.duration(to: .now)
  let milliseconds = Int(duration / .milliseconds(1))
  let bound = Double(max(greedy.lowerBound, 1))
  row([
    instance.name, "\(instance.buffers.count)", "\(greedy.lowerBound)",
    thousandths(Double(greedyBySizeBytes(instance.buffers)) / bound), thousandths(Double(greedy.bytes) / bound),
    thousandths(Double(plan.bytes) / bound), plan.isProvenOptimal ? "yes" : "no", "\(milliseconds)",
  ])
  let violations = MemoryPlanValidator.validate(instance.buffers, plan)
  if !violations.isEmpty { print("  INVALID: \(violations)") }
}

func contents(of path: String) -> String? {
  guard let file = unsafe fopen(path, "r") else { return nil }
  defer { unsafe fclose(file) }
  var bytes: [UInt8] = []
  while case let byte = unsafe fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
  return String(decoding: bytes, as: UTF8.self)
}

func buffers(fromCSV text: String) -> [ArenaBuffer]? {
  var buffers: [ArenaBuffer] = []
  for line in text.split(whereSeparator: \.isNewline).dropFirst() {
    let fields = line.split(separator: ",").map(String.init)
    guard fields.count >= 4, let lower = Int(fields[1]), let upper = Int(fields[2]), let size = Int(fields[3]),
      upper > Int.min
    else { return nil }
    buffers.append(ArenaBuffer(size: size, alignment: 1, firstUse: lower, lastUse: upper - 1))
  }
  return buffers
}

var seed: UInt64 = 1
var paths: [String] = []
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
  if argument == "--seed" { seed = arguments.popFirst().flatMap { UInt64($0) } ?? 1 } else { paths.append(argument) }
}
row(["instance", "buffers", "bound", "tflite", "greedy", "search", "proven", "ms"])
if paths.isEmpty {
  for instance in PackingInstances.all(seed: seed) { try measure(instance) }
}
for path in paths {
  guard let buffers = contents(of: path).flatMap({ buffers(fromCSV: $0) }) else {
    print("\(path): cannot be read as id,lower,upper,size")
    continue
  }
  try measure(
    PackingInstance(name: path.split(separator: "/").last.map { String($0) } ?? path, buffers: buffers, knownBytes: nil)
  )
}
