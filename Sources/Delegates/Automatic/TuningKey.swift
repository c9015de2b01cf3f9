internal import FlatBuffers
internal import Glibc
internal import Kernels
internal import TFLiteRuntime

/// What a choice depends on, in 32 bytes.
enum TuningKey {
  /// - Parameter build: what the code was built as; choices that other builds measured are measured again.
  static func hash(
    _ model: Model, _ setting: DelegateSetting, _ options: AutomaticOptions, candidate: String,
    processor: String = Self.processor, build: String = BuildIdentity.text
  ) -> [UInt8] {
    var hash = SHA256()
    hash.update(ContentHash.digest(model.content).hexadecimal)
    let partitioning = options.partitioning
    let nodes = partitioning.skippedNodes.map { "\($0.subgraph).\($0.index)" }.sorted().joined(separator: ",")
    hash.update(
      """
      \(build)
      \(processor)
      candidate \(candidate)
      subgraph \(setting.subgraph)
      threads \(setting.threadPool.count)
      without \(setting.compiler.disabled.map(\.rawValue).sorted().joined(separator: ","))
      minimum \(partitioning.minimumNodes) maximum \(partitioning.maximumPartitions ?? -1)
      skips \(partitioning.skippedOperators.sorted().joined(separator: ",")) \(nodes)
      time \(options.tuningTime)
      """)
    return hash.finish()
  }

  /// What tells processors apart: their kinds and features, how many there are, and which instructions the kernels were told to use.
  static var processor: String {
    let fields: Set<Substring> = [
      "vendor_id", "cpu family", "model", "model name", "stepping", "flags", "Features", "CPU implementer",
      "CPU architecture", "CPU variant", "CPU part", "CPU revision",
    ]
    var lines: Set<String> = []
    for line in ProcessFile.text("/proc/cpuinfo").split(separator: "\n") {
      let name = line.prefix { $0 != ":" }.split(separator: "\t").first ?? ""
      if fields.contains(name) { lines.insert(String(line)) }
    }
    let instructions = unsafe getenv("TFLITE_ISA").map { unsafe String(cString: $0) } ?? ""
    return lines.sorted().joined(separator: "\n")
      + "\nprocessors \(sysconf(Int32(_SC_NPROCESSORS_ONLN)))\n\(instructions)"
  }
}
